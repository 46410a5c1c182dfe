/** A disk that becomes full, under each kind of file: the error is `disk_full`, nothing that counts is lost, and the next call completes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, type InsertStats, listInputs, ServiceConfig } from "../../src/app/index.js";
import type { HeadraceError } from "../../src/contracts/index.js";
import { JobServer } from "../server/job-server.js";

const images = 600;
const collectionName = "photos";
/** A disk of two megabytes takes some of the rows with these texts. */
const noteBytes = 16_000;

const [mounts, canMount] = [process.platform === "linux", process.getuid?.() === 0];
const skip = mounts && canMount ? false : "mounting a small disk needs root, and Linux";

let folder = "";
let disk = "";

describe("a disk that becomes full", { skip }, () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-full-"));
    disk = join(folder, "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]);
  });
  after(async () => {
    execFileSync("umount", [disk]);
    await rm(folder, { recursive: true });
  });

  test("under the store: what is reported as stored is there, and with more room the same call stores the rest", async () => {
    const first = await ingest(disk, "as they are");
    assert.deepEqual([first.ended, first.error?.code], ["failed", "disk_full"]);
    assert.ok(first.stored > 0 && first.stored < images, `${first.stored} stored`);
    assert.equal(first.read, first.stored + first.skipped + first.failed + first.abandoned);
    const rows = await counted(disk);
    assert.ok(first.stored <= rows && rows <= first.stored + first.abandoned, `${rows} rows, ${first.stored} reported`);

    execFileSync("mount", ["-o", "remount,size=64m", disk]);
    const second = await ingest(disk, "as they are");
    assert.deepEqual([second.ended, second.stored + second.skipped], ["completed", images]);
    assert.equal(await counted(disk), images);
    await rm(join(disk, "photos.lance"), { recursive: true });
  });

  test("under the dead letters: no failure is reported that the file does not name, and the next run names them all", async () => {
    execFileSync("mount", ["-o", "remount,size=64m", disk]);
    const data = join(folder, "data");
    await mkdir(join(disk, "letters"), { recursive: true });
    await mkdir(data);
    await symlink(join(disk, "letters"), join(data, "dead-letters"));
    const filler = join(disk, "filler");
    await writeFile(filler, Buffer.alloc(64 * 2 ** 20)).catch((error: NodeJS.ErrnoException) => assert.equal(error.code, "ENOSPC"));
    const first = await ingest(data, "each damaged");
    assert.deepEqual([first.ended, first.error?.code, first.reported], ["failed", "disk_full", 0]);
    await rm(filler);
    const second = await ingest(data, "each damaged");
    assert.deepEqual([second.ended, second.failed, second.deadLetters], ["completed", images, images]);
    assert.equal(second.reported, images);
  });

  test("under the files of deleted rows: nothing is deleted, no half file is left, and with more room the same call deletes", async () => {
    execFileSync("mount", ["-o", "remount,size=64m", disk]);
    const data = join(folder, "deleting");
    await mkdir(join(disk, "deleted"), { recursive: true });
    await mkdir(data);
    await symlink(join(disk, "deleted"), join(data, "deleted"));
    assert.equal((await ingest(data, "as they are")).stored, images);
    const filler = join(disk, "filler");
    await writeFile(filler, Buffer.alloc(64 * 2 ** 20)).catch((error: NodeJS.ErrnoException) => assert.equal(error.code, "ENOSPC"));
    await using pipeline = await open(data);
    for (const call of [() => pipeline.deleteByFilter(collectionName, "width > 0"), () => pipeline.dropCollection(collectionName)]) {
      await assert.rejects(call(), (error: HeadraceError) => {
        assert.deepEqual([error.code, /--no-keep/.test(error.hint), /nothing was deleted/.test(error.message)], ["disk_full", true, true]);
        return true;
      });
      assert.equal(await pipeline.count(collectionName), images);
      assert.deepEqual(await readdir(join(disk, "deleted", collectionName)).catch(() => []), []);
    }
    await rm(filler);
    assert.equal(await pipeline.deleteByFilter(collectionName, "width > 0"), images);
    const { stored } = await (await pipeline.restore({ collectionName, file: "latest" }).start()).done;
    assert.deepEqual([stored, await pipeline.count(collectionName)], [images, images]);
  });

  test("under many files of deleted rows, which are to be merged: nothing is deleted, and the error says that the disk is full", async () => {
    execFileSync("mount", ["-o", "remount,size=64m", disk]);
    const data = join(folder, "merging");
    const files = join(disk, "merged");
    await mkdir(files, { recursive: true });
    await mkdir(data);
    await symlink(files, join(data, "deleted"));
    await ingest(data, "as they are");
    await using pipeline = await open(data);
    const ids: string[] = [];
    for await (const rows of pipeline.scan(collectionName, { vectors: "omit" })) ids.push(...rows.map(({ id }) => String(id)));
    const deletions = 32;
    for (const id of ids.slice(0, deletions)) await pipeline.deleteByIds(collectionName, [id]);
    const filler = join(disk, "filler");
    await writeFile(filler, Buffer.alloc(64 * 2 ** 20)).catch((error: NodeJS.ErrnoException) => assert.equal(error.code, "ENOSPC"));
    await assert.rejects(pipeline.deleteByIds(collectionName, ids.slice(deletions, deletions + 1)), { code: "disk_full" });
    await rm(filler);
    assert.equal(await pipeline.count(collectionName), images - deletions);
    assert.equal(await pipeline.deleteByIds(collectionName, ids.slice(deletions, deletions + 1)), 1);
    // Some were merged now, and none of their rows was lost.
    assert.ok((await readdir(join(files, collectionName))).length < deletions);
    const restored = (await readdir(join(files, collectionName))).filter((name) => name.endsWith(".parquet"));
    for (const file of restored) await (await pipeline.restore({ collectionName, file }).start()).done;
    assert.equal(await pipeline.count(collectionName), images);
  });

  test("under a part of an upload: the client is told, what counts is there, and with more room the upload goes on", async () => {
    execFileSync("mount", ["-o", "remount,size=64m", disk]);
    await using jobs = await JobServer.start();
    const { server } = jobs;
    const uploads = join(server.dataFolder, "jobs", ".uploads");
    await mkdir(join(disk, "uploads"));
    await rm(uploads, { recursive: true, force: true });
    await symlink(join(disk, "uploads"), uploads);
    const bytes = randomBytes(8 * 2 ** 20);
    bytes[0] = 1;
    const tus = { "tus-resumable": "1.0.0" };
    const { body } = await server.send("POST", "/v1/uploads", { headers: { ...tus, "upload-length": String(bytes.length) } });
    const path = `/v1/uploads/${body.id}`;
    const send = (offset: number, end: number) =>
      server.send("PATCH", path, {
        headers: { ...tus, "content-type": "application/offset+octet-stream", "upload-offset": String(offset) },
        body: bytes.subarray(offset, end),
      });
    const offset = async (): Promise<number> => Number((await server.send("HEAD", path, { headers: tus })).headers.get("upload-offset"));
    assert.equal((await send(0, 1_000_000)).status, 204);
    const filler = join(disk, "filler");
    await writeFile(filler, Buffer.alloc(64 * 2 ** 20)).catch((error: NodeJS.ErrnoException) => assert.equal(error.code, "ENOSPC"));
    const refused = await send(1_000_000, bytes.length);
    assert.deepEqual([refused.status, refused.body.code], [507, "disk_full"]);
    const told = await offset();
    assert.ok(told >= 1_000_000 && told < bytes.length, `${told} bytes`);
    assert.deepEqual((await readFile(join(uploads, body.id, "data"))).subarray(0, told), bytes.subarray(0, told));
    await rm(filler);
    assert.equal((await send(told, bytes.length)).status, 204);
    const { id } = (await server.post("/v1/jobs", { collection: "pets", images: [{ upload: body.id }] })).body;
    assert.equal((await jobs.ended(id)).counts.stored, 1);
  });
});

/** Ingests files with long texts as metadata. */
async function ingest(path: string, pictures: "as they are" | "each damaged"): Promise<InsertStats & { readonly reported: number }> {
  const photos = join(folder, pictures === "as they are" ? "photos" : "damaged");
  await mkdir(photos, { recursive: true });
  const lines: string[] = [];
  for (let index = 0; index < images; index++) {
    const file = join(photos, `${index}.jpg`);
    // The fake decoder takes a first byte of 255 for damage.
    await writeFile(file, Buffer.from([pictures === "as they are" ? 1 : 255, index % 256, index >> 8]));
    lines.push(JSON.stringify({ input: file, metadata: { note: `${index} `.repeat(noteBytes / 4) } }));
  }
  const manifest = join(folder, `${pictures}.jsonl`);
  await writeFile(manifest, lines.join("\n"));
  await using pipeline = await open(path);
  let reported = 0;
  const { done } = await pipeline.ingest({
    inputs: listInputs({ paths: [], manifest }),
    collectionName,
    schedule: "overlapped",
    onOutcome: ({ kind }) => {
      if (kind === "failed") reported += 1;
    },
  });
  return { ...(await done), reported };
}

async function counted(path: string): Promise<number> {
  await using pipeline = await open(path);
  return await pipeline.count(collectionName);
}

function open(path: string): Promise<ImageEmbeddingPipeline> {
  return ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path }, asyncPipeline: { insertBatchSize: 20 } }), {
    own: { embedder: memoryEmbedder(), decoder: memoryDecoder() },
  });
}
