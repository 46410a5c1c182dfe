/** Python reads the files that we export, and we import what Python writes. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createNpyRows } from "../../src/adapters/npy/index.js";
import { createDeletionFile, createParquetRows, openParquetRows } from "../../src/adapters/parquet/index.js";
import type { StoredRow } from "../../src/contracts/index.js";
import { allRows, description, fileColumns, filePassport, oddRows } from "../conformance/row-files.js";
import { skipUnless } from "../support/services/required.js";
import { installVenv, type Venv } from "../support/services/venv.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../../../test/store/foreign-files.py", import.meta.url));

interface Read {
  readonly types: Readonly<Record<string, string>>;
  readonly description: { readonly passport: unknown };
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

let venv: Venv;
const install = async () => {
  venv = await installVenv({ name: "lancedb", installs: [["lancedb==0.40.0", "pyarrow==26.0.1"]] });
};

describe("Python's pyarrow and numpy", { skip: await skipUnless("Python's pyarrow", install) }, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-foreign-"));
  });
  after(() => rm(folder, { recursive: true }));

  async function python<T>(verb: string, path: string): Promise<T> {
    const { stdout } = await run(venv.python, [script, verb, path], { maxBuffer: 64 * 1024 * 1024 });
    return JSON.parse(stdout) as T;
  }

  it("read the files of deleted rows, metadata as JSON", async () => {
    const path = join(folder, "deleted.parquet");
    const deletion = { collection: "photos", command: "sync", deletedAt: "2026-01-02T03:04:05.678Z" };
    const writer = await createDeletionFile(path, description, deletion);
    await writer.write(oddRows);
    await writer.finish();
    const { types, rows } = await python<Read>("parquet", path);
    assert.deepEqual([types["metadata"], types["id"], types["ingested_at"]], ["string", "string", "int64"]);
    assert.match(types["vector"]!, /^list<.*float/);
    assert.deepEqual(
      rows.map(({ id, vector, metadata, ingested_at }) => ({
        id,
        vector,
        metadata: JSON.parse(metadata as string),
        ingestedAt: ingested_at,
      })),
      oddRows.map(({ id, vector, facts, ingestedAt }) => ({ id, vector: [...vector!], metadata: facts.metadata, ingestedAt })),
    );
  });

  it("read every column of our Parquet files, vectors as lists of a fixed size, the passport in the schema's metadata", async () => {
    const path = join(folder, "ours.parquet");
    const writer = await createParquetRows(path, { ...description, columns: fileColumns });
    await writer.write(oddRows);
    await writer.finish();
    const { types, description: described, rows } = await python<Read>("parquet", path);
    assert.deepEqual(types, {
      id: "string",
      vector: "fixed_size_list<element: float not null>[3]",
      source: "string",
      root: "string",
      version: "string",
      content: "string",
      metadata_hash: "string",
      width: "int32",
      height: "int32",
      ingested_at: "int64",
      ["__proto__"]: "string",
      camera: "string",
      keep: "bool",
      year: "double",
    });
    assert.deepEqual(described.passport, filePassport);
    assert.deepEqual(
      rows,
      oddRows.map((row) => ({ ...columnsOf(row), ...withNulls(row), vector: [...row.vector!] })),
    );
  });

  it("read our .npy files, and the other columns beside them in the same order", async () => {
    const path = join(folder, "ours.npy");
    const writer = await createNpyRows(path, description);
    await writer.write(oddRows);
    await writer.finish();
    const read = await python<Read & { readonly shape: unknown; readonly type: unknown; readonly vectors: unknown }>("npy", path);
    assert.deepEqual([read.shape, read.type], [[oddRows.length, 3], "float32"]);
    assert.deepEqual(
      read.vectors,
      oddRows.map(({ vector }) => [...vector!]),
    );
    assert.deepEqual(
      read.rows,
      oddRows.map((row) => ({ ...columnsOf(row), ...row.facts.metadata })),
    );
    assert.deepEqual(read.description.passport, filePassport);
  });

  it("write Parquet files with our columns in types of their own, which we read; nobody knows their model", async () => {
    const path = join(folder, "theirs.parquet");
    await python("make", path);
    const origin = await openParquetRows(path);
    const { dimension, metric, idType, passport } = origin;
    assert.deepEqual({ dimension, metric, idType, passport }, { dimension: 4, metric: "cosine", idType: "text", passport: null });
    const rows = await allRows(origin);
    assert.equal(rows.length, 10);
    assert.deepEqual(rows[4], {
      id: "row 4",
      vector: Float32Array.of(16, 17, 18, 19),
      facts: {
        source: "s 4",
        root: "r",
        version: "4",
        content: "c 4",
        metadata: { year: 2004 },
        metadataHash: "",
        width: 640,
        height: 480,
      },
      ingestedAt: 5,
    });
    assert.deepEqual(rows[5]?.facts.metadata, { camera: "Y" });
    await origin.close();
  });

  it("write Parquet files without our columns, which are refused by the columns' names", async () => {
    const path = join(folder, "other.parquet");
    await python("make_other", path);
    await assert.rejects(openParquetRows(path), { code: "input_invalid", message: /vector, source, root/ });
  });

  it("write row groups that are too large to be decoded at once, which are refused with what to do", async () => {
    const path = join(folder, "large.parquet");
    await python("make_large", path);
    await assert.rejects(openParquetRows(path).then(allRows), { code: "input_invalid", message: /row_group_size/ });
  });
});

function columnsOf({ id, facts, ingestedAt }: StoredRow): Record<string, unknown> {
  const { source, root, version, content, metadataHash, width, height } = facts;
  return { id, source, root, version, content, metadata_hash: metadataHash, width, height, ingested_at: ingestedAt };
}

function withNulls({ facts }: StoredRow): Record<string, unknown> {
  const cells = [...fileColumns.keys()].map((name) => [name, Object.hasOwn(facts.metadata, name) ? facts.metadata[name] : null] as const);
  return Object.fromEntries(cells);
}
