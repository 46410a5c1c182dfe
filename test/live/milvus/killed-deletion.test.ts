/** A process that is killed while it deletes rows of Milvus, or restores them: each row is in Milvus or in a whole file, and the next call completes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, listImages, ServiceConfig } from "../../../src/app/index.js";
import { deletedBits, distinctRows, everyBit } from "../../support/stored-rows.js";
import type { DeletionTask } from "./killed-deletion.js";
import { LiveMilvus, missing } from "./milvus.js";

const script = fileURLToPath(new URL("./killed-deletion.js", import.meta.url));
const name = "killed_deletion_photos";
/** More than one call of Milvus deletes, and more than two batches of a restoration. */
const copies = 540;
const different = 20;

/** Before the file is written, after it, and after the first of two deletions. */
const scenes = [
  { verb: "dedupe", point: "before get, vectors: include", files: 0 },
  { verb: "dedupe", point: "after delete", files: 1 },
  { verb: "prune", point: "before delete", files: 1 },
] as const;

describe("a process that is killed while it deletes rows of Milvus", { skip: missing }, () => {
  const live = new LiveMilvus("killed_deletion_");
  let folder = "";
  let whole: readonly object[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-killed-"));
    await mkdir(photos());
    for (let index = 0; index < different; index++) await writeFile(join(photos(), `${index}.jpg`), `photo ${index}`);
    for (let index = 0; index < copies; index++) await writeFile(join(photos(), `copy-${index}.jpg`), "photo 0");
    await untilSettled(join(photos(), `copy-${copies - 1}.jpg`));
    await fill(name);
    whole = await bits(name);
    assert.equal(whole.length, different + copies);
  });
  after(() => rm(folder, { recursive: true }));

  for (const { verb, point, files } of scenes) {
    it(`${point} of ${verb}, loses no row, and the same call completes`, async () => {
      await rm(data(), { recursive: true, force: true });
      if (verb === "prune") for (let index = 0; index < copies; index++) await rm(join(photos(), `copy-${index}.jpg`), { force: true });
      assert.equal(await run({ verb, point }), "SIGKILL", "the point was reached");
      const kept = await deletedBits(data(), name);
      assert.equal(kept.length, files);
      assert.deepEqual(distinctRows([await bits(name), ...kept]), whole, "each row is in Milvus or in a file");
      assert.equal(await run({ verb }), 0);
      assert.equal((await bits(name)).length, different);
      assert.equal(await run({ verb: "restore" }), 0);
      assert.deepEqual(await bits(name), whole, "all rows are back");
    });
  }

  it("after the first insert of a restoration, loses no row, and the same call completes", async () => {
    await rm(data(), { recursive: true, force: true });
    assert.equal(await run({ verb: "dedupe" }), 0);
    assert.equal(await run({ verb: "restore", point: "after insert" }), "SIGKILL", "the point was reached");
    assert.ok((await bits(name)).length > different);
    assert.deepEqual(distinctRows([await bits(name), ...(await deletedBits(data(), name))]), whole);
    assert.equal(await run({ verb: "restore" }), 0);
    assert.deepEqual(await bits(name), whole);
  });

  for (const point of ["before drop", "after drop"]) {
    it(`${point} of reembed --finish, loses no row`, async (context) => {
      const old = `killed_deletion_${point.replace(" ", "_")}`;
      const alias = `${old}_live`;
      context.after(() => dropAlias(alias));
      await fill(old);
      const rows = await bits(old);
      await using pipeline = await opened(24);
      const { switched } = await (await pipeline.reembedding.start({ name: old, alias })).done;
      assert.equal(switched, true);
      const renewed = await bits(alias);
      assert.equal(await run({ verb: "finish", collectionName: alias, point }), "SIGKILL", "the point was reached");
      assert.deepEqual(await deletedBits(data(), old), [rows]);
      if (point === "before drop") {
        assert.deepEqual(await bits(old), rows);
        await pipeline.dropCollection(old, { keep: "nothing" });
      }
      assert.equal(await run({ verb: "restore", collectionName: old }), 0);
      assert.deepEqual(await bits(old), rows);
      assert.deepEqual(await bits(alias), renewed);
    });
  }

  const photos = (): string => join(folder, "photos");
  const data = (): string => join(folder, "data");

  async function fill(collectionName: string): Promise<void> {
    await using pipeline = await opened(16);
    const described = async function* () {
      let number = 0;
      for await (const image of listImages({ paths: [photos()] })) {
        number += 1;
        yield {
          ...image,
          metadata: { number, half: number / 3, text: `„${number}“ \u{1F600}`, ...(number % 2 === 0 ? { even: true } : {}) },
        };
      }
    };
    const { failures } = await pipeline.insertImagesAsync({ inputs: described(), collectionName });
    assert.deepEqual(failures, []);
  }

  async function opened(dimension: number): Promise<ImageEmbeddingPipeline> {
    const own = { store: await live.store(), embedder: memoryEmbedder({ dimension }), decoder: memoryDecoder() };
    return ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: data() } }), { own });
  }

  async function bits(collectionName: string): Promise<readonly object[]> {
    const collection = await (await live.store()).openCollection(collectionName, "read");
    return everyBit(collection).finally(() => collection.close());
  }

  async function dropAlias(alias: string): Promise<void> {
    await (await live.store()).dropAlias(alias);
  }

  async function run(task: Pick<DeletionTask, "verb"> & Partial<DeletionTask>): Promise<NodeJS.Signals | number | null> {
    const whole: DeletionTask = { milvus: live.settings(), data: data(), photos: photos(), collectionName: name, ...task };
    const child = spawn(process.execPath, [script, JSON.stringify(whole)], { stdio: ["ignore", "ignore", "inherit"] });
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return signal ?? code;
  }
});

/** Versions of files that changed less than two seconds ago are not trusted. */
async function untilSettled(path: string): Promise<void> {
  while (Date.now() - (await stat(path)).ctimeMs < 2_100) await pause(100);
}
