/** The files of deleted rows stay few, however many calls delete rows, and no row of them is lost. */
import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import type { CollectionSchema } from "../../src/contracts/index.js";
import { batchOf, unitVector } from "../conformance/store-rows-data.js";
import { extent } from "../support/extent.js";
import { bitsIn, fill } from "../support/stored-rows.js";

const schema: CollectionSchema = { dimension: 4, metric: "cosine", passport: { probes: [[1, 0, 0, 0]], labels: { model: "test" } } };
const own = { decoder: memoryDecoder(), embedder: memoryEmbedder() };

const rowsOf = (count: number, note: string) =>
  batchOf(Array.from({ length: count }, (_, at) => ({ id: `row ${at}`, vector: [...unitVector(at)], metadata: { at, note } })));

interface Space extends AsyncDisposable {
  readonly data: string;
  readonly folder: string;
  readonly pipeline: ImageEmbeddingPipeline;
}

async function filled(count: number): Promise<Space> {
  const data = await mkdtemp(join(tmpdir(), "headrace-deleted-"));
  await fill(data, "photos", { schema, batch: rowsOf(count, "first") });
  const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: data } }), { parts: "lazy", own });
  return {
    data,
    folder: join(data, "deleted", "photos"),
    pipeline,
    [Symbol.asyncDispose]: async () => {
      await pipeline.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

const parquetIn = async (folder: string) => (await readdir(folder)).filter((name) => name.endsWith(".parquet"));

/** Restores every file, the newest first, and returns the number of rows that came back. */
async function restoreAll({ pipeline }: Space): Promise<number> {
  let restored = 0;
  for (const { file } of await pipeline.deletedFiles("photos")) {
    const run = await pipeline.restore({ collectionName: "photos", file }).start();
    restored += (await run.done).stored;
  }
  return restored;
}

describe("the files of deleted rows", () => {
  test("are some tens after many single deletions, and bring all rows back bit for bit", { timeout: 600_000 }, async () => {
    const deletions = extent({ some: 200, all: 2_000 });
    await using space = await filled(deletions + 1);
    const before = await bitsIn(space.data, "photos");
    for (let at = 0; at < deletions; at += 1) await space.pipeline.deleteByIds("photos", [`row ${at}`]);
    const files = await space.pipeline.deletedFiles("photos");
    assert.ok(files.length <= 40, `${files.length} files`);
    assert.equal(files.length, (await parquetIn(space.folder)).length);
    assert.equal(
      files.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
      deletions,
    );
    assert.deepEqual(
      files.slice(0, 8).map(({ rows, command }) => [rows, command]),
      Array.from({ length: 8 }, () => [1, "delete"]),
    );
    assert.equal(await restoreAll(space), deletions);
    assert.deepEqual(await bitsIn(space.data, "photos"), before);
  });

  test("of other verbs, renamed ones and damaged ones are not merged with them", async () => {
    await using space = await filled(40);
    await space.pipeline.deleteByIds("photos", ["row 0"], { command: "dedupe" });
    const [first = ""] = await parquetIn(space.folder);
    await copyFile(join(space.folder, first), join(space.folder, "mine.parquet"));
    await writeFile(join(space.folder, first.replace(/[0-9a-f]{6}\.parquet$/, "000000.parquet")), "not Parquet");
    for (let at = 1; at < 40; at += 1) await space.pipeline.deleteByIds("photos", [`row ${at}`]);
    const files = await space.pipeline.deletedFiles("photos");
    assert.ok(files.length < 40);
    assert.deepEqual(
      files
        .filter(({ command }) => command === "dedupe")
        .map(({ file }) => file)
        .sort(),
      [first, "mine.parquet"].sort(),
    );
  });

  test("that were merged while the process was killed bring each row back once, as it was last", async () => {
    await using space = await filled(40);
    const saved = join(space.data, "saved");
    await mkdir(saved);
    await space.pipeline.deleteByIds("photos", ["row 0"]);
    await fill(space.data, "photos", { schema, batch: rowsOf(1, "second") });
    for (let at = 0; at < 33; at += 1) {
      for (const name of await parquetIn(space.folder)) await copyFile(join(space.folder, name), join(saved, name));
      await space.pipeline.deleteByIds("photos", [`row ${at}`]);
    }
    // As if the process had ended before it removed the parts of the merged file.
    for (const name of await parquetIn(saved)) await copyFile(join(saved, name), join(space.folder, name));
    assert.equal(await restoreAll(space), 33);
    const notes = new Map<unknown, unknown>();
    for await (const rows of space.pipeline.scan("photos", { vectors: "omit" })) {
      for (const { id, facts } of rows) notes.set(id, facts.metadata["note"]);
    }
    assert.deepEqual([notes.size, notes.get("row 0"), notes.get("row 1")], [40, "second", "first"]);
  });
});
