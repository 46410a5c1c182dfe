/** Other clients read what we wrote, and we take over what they made. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Passport } from "../../src/contracts/index.js";
import { parseFilter } from "../../src/filter/index.js";
import { batchOf, calm, dimension, factsOf, idsOf, type TestRow } from "../conformance/store-rows-data.js";
import { skipUnless } from "../support/services/required.js";
import { installVenv, type Venv } from "../support/services/venv.js";
import { openTestStore, type TestStore } from "./stores.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../../../test/store/foreign.py", import.meta.url));
const passport: Passport = { probes: [[0.5, -0.25]], labels: { model: 'é "m"' } };

interface Read {
  readonly types: Readonly<Record<string, string>>;
  readonly settings: unknown;
  readonly passport: unknown;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly found: readonly unknown[];
}

let venv: Venv;
const install = async () => {
  venv = await installVenv({ name: "lancedb", installs: [["lancedb==0.40.0", "pyarrow==26.0.1"]] });
};

describe("Python's LanceDB", { skip: await skipUnless("Python's LanceDB", install) }, () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  async function python(verb: "read" | "make", name: string): Promise<unknown> {
    const { stdout } = await run(venv.python, [script, test.path, verb, name]);
    return JSON.parse(stdout);
  }

  it("reads every column of what we wrote, and the passport in the folder of the table", async () => {
    const rows: readonly TestRow[] = [
      { id: "a'é\u{1F600}", vector: [1, 0, 0, 0], metadata: { year: 2020.5, camera: 'say "hi"\n', keep: true } },
      { id: "b", vector: [0, 1, 0, 0], metadata: { year: null, keep: false } },
      { id: "c", vector: [0, 0, 0.5, 0.5] },
    ];
    const collection = await test.store.create("ours", { dimension, metric: "cosine", passport });
    assert.deepEqual(await collection.upsert(batchOf(rows), calm), []);
    await collection.upkeep("owed", calm);
    await collection.close();

    const { types, settings, passport: found, rows: read, found: nearest } = (await python("read", "ours")) as Read;
    assert.deepEqual(types, {
      id: "string",
      vector: "fixed_size_list<item: float>[4]",
      source: "string",
      root: "string",
      version: "string",
      content: "string",
      metadata_hash: "string",
      width: "int32",
      height: "int32",
      ingested_at: "int64",
      camera: "string",
      keep: "bool",
      year: "double",
    });
    assert.deepEqual(settings, { format: 1, metric: "cosine", index: "auto" });
    assert.deepEqual(found, passport);
    const expected = rows.map((row) => {
      const { metadata, metadataHash, ...facts } = factsOf(row);
      const given = { camera: null, keep: null, year: null, ...metadata };
      return { id: row.id, vector: row.vector, ...facts, metadata_hash: metadataHash, ingested_at: 1_700_000_000_000, ...given };
    });
    assert.deepEqual(read, expected);
    assert.deepEqual(nearest, ["b"]);
  });

  it("reads int64 keys", async () => {
    const collection = await test.store.create("numbered", { dimension, metric: "cosine", idType: "int64", passport });
    assert.deepEqual(await collection.upsert(batchOf([{ id: 2n ** 62n + 1n, vector: [0, 1, 0, 0] }]), calm), []);
    await collection.close();
    const { types, rows } = (await python("read", "numbered")) as Read;
    assert.equal(types["id"], "int64");
    assert.equal(rows.length, 1);
  });

  it("makes a table with our columns, which we read, adopt with a passport, and write to", async () => {
    await python("make", "theirs");
    const collection = await test.store.openCollection("theirs", "write");
    assert.equal(collection.passport, null);
    assert.deepEqual([collection.dimension, collection.metric, collection.idType], [4, "cosine", "text"]);
    const [row] = await collection.get(["a"], { vectors: "include" });
    assert.deepEqual(row?.vector, Float32Array.of(1, 0, 0, 0));
    assert.deepEqual(row?.facts.metadata, { year: 2020 });
    assert.deepEqual(await idsOf(collection, parseFilter("year == 2020")), ["a"]);
    assert.deepEqual(await idsOf(collection, parseFilter("not year == 2020")), ["b"]);

    await collection.setPassport(passport);
    assert.deepEqual(await collection.upsert(batchOf([{ id: "b", metadata: { year: 1 } }, { id: "c" }]), calm), []);
    const failures = await collection.upsert(batchOf([{ id: "d", metadata: { tags: "x" } }]), calm);
    assert.deepEqual(
      failures.map(({ error }) => error.code),
      ["metadata_type"],
    );
    assert.deepEqual(await idsOf(collection), ["a", "b", "c"]);
    await collection.close();
    const again = await test.store.openCollection("theirs", "read");
    assert.deepEqual(again.passport, passport);
    await again.close();
  });

  it("makes a table without our columns, which is foreign to us, and is not listed", async () => {
    await assert.rejects(test.store.openCollection("theirs_other", "read"), {
      code: "collection_foreign",
      message: /column source: expected text, found none/,
    });
    await assert.rejects(test.store.openCollection("theirs_other", "write"), { code: "collection_foreign" });
    const names = (await test.store.list()).map(({ name }) => name);
    assert.deepEqual(names.sort(), ["numbered", "ours", "theirs"]);
  });
});
