/** What `headrace embed` leaves at its output: the whole new file or, whatever goes wrong, the one that was there. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../src/app/index.js";
import { HeadraceError } from "../../src/contracts/index.js";
import { makeCorpus } from "../support/corpus/corpus.js";
import { workspace } from "./command.js";

const corpusFolder = resolve(".cache", "corpus", "flow");
let photos: readonly string[];
before(async () => {
  const corpus = await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  photos = corpus.photos.map(({ file }) => join(corpusFolder, file));
});

describe("an embed that fails", () => {
  for (const error of [new HeadraceError("disk_full", "planted"), new Error("planted")])
    it(`as a vector cannot be written ends with what the writer throws: ${error.name}`, async () => {
      await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({}), {
        own: { store: memoryStore(), decoder: memoryDecoder(), embedder: memoryEmbedder() },
      });
      let written = 0;
      const run = await pipeline.embedStream({
        inputs: listInputs({ paths: photos }),
        write: async () => {
          written += 1;
          if (written > 3) throw error;
        },
      });
      const report = await run.done;
      assert.deepEqual([report.ended, report.error?.code, written], ["failed", HeadraceError.from(error).code, 4]);
    });

  it("by a kill leaves the file that was there", async () => {
    await using space = await workspace();
    await placeOldFiles(space.folder);
    const command = resolve("dist", "cli", "main.js");
    const child = spawn(process.execPath, [command, "embed", ...photos, "--output", "x.npy"], { cwd: space.folder, stdio: "ignore" });
    const ended = once(child, "close");
    while (!(await hasBegun(space.folder))) assert.equal(child.exitCode, null);
    child.kill("SIGKILL");
    await ended;
    await assertOldFiles(space.folder);
  });

  it("of the first image leaves the file that was there, and no other", async () => {
    await using space = await workspace();
    await placeOldFiles(space.folder);
    const { error } = await space.json<{ error: { code: string } }>(1, "embed", "not-there", "--output", "x.npy");
    assert.equal(error.code, "source_failed");
    await assertOldFiles(space.folder);
    assert.deepEqual((await readdir(space.folder)).sort(), ["x.npy", "x.npy.jsonl"]);
  });

  it("as its output is a folder says so before it embeds anything", async () => {
    await using space = await workspace();
    await mkdir(join(space.folder, "x.npy"));
    const { error } = await space.json<{ error: { code: string; message: string } }>(1, "embed", photos[0]!, "--output", "x.npy");
    assert.deepEqual([error.code, /x\.npy.*folder/.test(error.message)], ["state_unwritable", true]);
    assert.deepEqual(await readdir(space.folder), ["x.npy"]);
  });
});

describe("an embed onto a full disk", { skip: process.getuid?.() === 0 ? false : "mounting a small disk needs root" }, () => {
  let disk: string;
  before(async () => {
    disk = await mkdtemp(join(tmpdir(), "headrace-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
  });
  after(async () => {
    execFileSync("umount", [disk]);
    await rm(disk, { recursive: true });
  });

  it("is disk_full, and leaves the file that was there, and no other", async () => {
    await using space = await workspace();
    await placeOldFiles(disk);
    const { error } = await space.json<{ error: { code: string } }>(1, "embed", ...photos, "--output", join(disk, "x.npy"));
    assert.equal(error.code, "disk_full");
    await assertOldFiles(disk);
    assert.deepEqual((await readdir(disk)).sort(), ["x.npy", "x.npy.jsonl"]);
  });
});

async function placeOldFiles(folder: string): Promise<void> {
  await writeFile(join(folder, "x.npy"), "old vectors");
  await writeFile(join(folder, "x.npy.jsonl"), "old lines\n");
}

/** Whether anything is written, under whatever name. */
async function hasBegun(folder: string): Promise<boolean> {
  await pause(5);
  return (await readdir(folder)).length > 2 || (await readFile(join(folder, "x.npy"), "utf8")) !== "old vectors";
}

async function assertOldFiles(folder: string): Promise<void> {
  assert.equal(await readFile(join(folder, "x.npy"), "utf8"), "old vectors");
  assert.equal(await readFile(join(folder, "x.npy.jsonl"), "utf8"), "old lines\n");
}
