/** What every file format of collections promises, as tests. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Key, Metadata, RowSource, RowWriter, StoredRow } from "../../src/contracts/index.js";
import type { CollectionDescription, MetadataType } from "../../src/kit/index.js";
import { factsOf } from "./store-rows-data.js";

export interface RowFileFormat {
  readonly ending: string;
  create(path: string, collection: CollectionDescription, columns: ReadonlyMap<string, MetadataType>): Promise<RowWriter>;
  open(path: string): Promise<RowSource>;
}

export const filePassport = { probes: [[0.1, -0.25, 1e-9]], labels: { model: 'é "m"\u2028' } };

export const fileColumns = new Map<string, MetadataType>([
  ["__proto__", "text"],
  ["camera", "text"],
  ["keep", "boolean"],
  ["year", "number"],
]);

export const description: CollectionDescription = { dimension: 3, metric: "cosine", idType: "text", passport: filePassport };

const proto = (text: string): Metadata =>
  JSON.parse(JSON.stringify({ year: 1 }).replace('"year":1', `"__proto__":${JSON.stringify(text)}`));

/** Rows with all that a text, a number and a key may be. */
export const oddRows: readonly StoredRow[] = [
  row("a'é\u{1F600}\"", { camera: "line\nbreak\r\u2028\u2029 \u0000, end", year: 0.1, keep: true }, [1, 0, 0]),
  row("b", { year: 2 ** 53, keep: false }, [0.1, -1e-30, 3.5]),
  row("c", {}, [0, 0, 1]),
  row("d", proto("own"), [0, 1, 0]),
  row("e", { year: -1.7e308, camera: "" }, [-1, -2, -3]),
];

export function row(id: Key, metadata: Metadata, vector: readonly number[]): StoredRow {
  return { id, vector: Float32Array.from(vector), facts: factsOf({ id, metadata }), ingestedAt: 1_700_000_000_123 };
}

export async function allRows(origin: RowSource, vectors: "include" | "omit" = "include", batchRows = 1000): Promise<readonly StoredRow[]> {
  const rows: StoredRow[] = [];
  for await (const batch of origin.scan({ vectors, batchRows })) rows.push(...batch);
  return rows;
}

/** Registers the suite. */
export function rowFileConformance(name: string, format: RowFileFormat): void {
  describe(`a collection in a ${name} file`, () => {
    let folder: string;
    let files = 0;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "headrace-files-"));
    });
    after(() => rm(folder, { recursive: true }));

    const place = (): string => join(folder, `file-${files++}.${format.ending}`);
    const write = async (rows: readonly StoredRow[], more: Partial<CollectionDescription> = {}, path = place()): Promise<string> => {
      const writer = await format.create(path, { ...description, ...more }, fileColumns);
      assert.deepEqual(await writer.write(rows), []);
      await writer.finish();
      await writer.discard();
      return path;
    };
    const read = async <T>(path: string, use: (origin: RowSource) => Promise<T>): Promise<T> => {
      const origin = await format.open(path);
      try {
        return await use(origin);
      } finally {
        await origin.close();
      }
    };

    it("gives back every row as it was, in the same order", async () => {
      const path = await write(oddRows);
      await read(path, async (origin) => {
        assert.equal(await origin.count(), oddRows.length);
        assert.deepEqual(await allRows(origin), oddRows);
        assert.deepEqual(await allRows(origin, "include", 2), oddRows);
        const bare = oddRows.map((each) => ({ ...each, vector: null }));
        assert.deepEqual(await allRows(origin, "omit"), bare);
      });
    });

    it("knows dimension, metric, type of the ids and passport", async () => {
      const path = await write([], { metric: "l2", idType: "int64", passport: null });
      await read(path, async ({ dimension, metric, idType, passport }) =>
        assert.deepEqual({ dimension, metric, idType, passport }, { dimension: 3, metric: "l2", idType: "int64", passport: null }),
      );
      await read(await write(oddRows), async ({ passport }) => assert.deepEqual(passport, filePassport));
    });

    it("keeps int64 keys whole", async () => {
      const rows = [-(2n ** 63n), 2n ** 63n - 2n, 0n].map((id) => row(id, {}, [1, 1, 1]));
      const path = await write(rows, { idType: "int64" });
      await read(path, async (origin) => assert.deepEqual(await allRows(origin), rows));
    });

    it("may have no rows", async () => {
      await read(await write([]), async (origin) => {
        assert.equal(await origin.count(), 0);
        assert.deepEqual(await allRows(origin), []);
      });
    });

    it("keeps the order of more rows than are written at once", async () => {
      const dimension = 2048;
      const rows = Array.from({ length: 700 }, (_, at) => row(`row ${at}`, { year: at }, new Array(dimension).fill(at)));
      const path = place();
      const writer = await format.create(path, { ...description, dimension }, fileColumns);
      for (let at = 0; at < rows.length; at += 90) assert.deepEqual(await writer.write(rows.slice(at, at + 90)), []);
      await writer.finish();
      await read(path, async (origin) => {
        assert.equal(await origin.count(), rows.length);
        let at = 0;
        for await (const batch of origin.scan({ vectors: "include", batchRows: 100 })) {
          assert.ok(batch.length <= 100);
          for (const each of batch) assert.deepEqual(each, rows[at++]);
        }
        assert.equal(at, rows.length);
      });
    });

    it("appears when it is whole; until then, and when it is discarded, the one before stands", async () => {
      const path = await write(oddRows);
      const before = await contents(folder);
      const writer = await format.create(path, description, fileColumns);
      await writer.write(oddRows.slice(1));
      await read(path, async (origin) => assert.equal(await origin.count(), oddRows.length));
      await writer.discard();
      assert.deepEqual(await contents(folder), before);
    });

    it("is refused when its end is missing, or when it is not there", async () => {
      const path = await write(oddRows);
      await truncate(path, (await readFile(path)).length - 5);
      await assert.rejects(format.open(path), { code: "input_invalid" });
      await assert.rejects(format.open(join(folder, "none")), { code: "input_invalid", message: /none/ });
      await writeFile(join(folder, "other"), "something else");
      await assert.rejects(format.open(join(folder, "other")), { code: "input_invalid" });
    });

    it("that cannot be written says where", async () => {
      const path = join(folder, "no-folder", "x");
      await assert.rejects(format.create(path, description, fileColumns), { code: "state_unwritable", message: /no-folder/ });
    });
  });
}

async function contents(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(folder)).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "base64")] as const)));
}
