import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { makeCorpus } from "../support/corpus/corpus.js";

const count = 12;
let folder = "";
let photos = "";

/** Runs a built example over the built package in a folder of its own; the last line it prints is JSON. */
async function example(name: string, ...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const cwd = await mkdtemp(join(folder, "run-"));
  for (const [index, file] of ["cat.jpg", "dog.jpg"].entries()) await copyFile(join(photos, corpus[index] ?? ""), join(cwd, file));
  return promisify(execFile)(process.execPath, [resolve(`build/examples/${name}.js`), ...args], { cwd });
}

let corpus: readonly string[] = [];

describe("the examples, over the built package on the embedded default", () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-examples-"));
    photos = join(folder, "photos");
    corpus = (await makeCorpus({ folder: photos, count, seed: 7, sizes: "mixed" })).photos.map(({ file }) => file);
  });
  after(() => rm(folder, { recursive: true }));

  it("first-collection stores every image under its id", async () => {
    const { stdout, stderr } = await example("first-collection", photos, resolve("config/config.yaml"));
    assert.deepEqual(JSON.parse(stdout), { ids: count, failures: 0, stored: count });
    assert.equal(stderr, "");
  });

  it("advanced-configuration takes the workers of the call, not those of the configuration", async () => {
    const { stdout, stderr } = await example("advanced-configuration", photos);
    assert.deepEqual(JSON.parse(stdout), { ids: count, stored: count, decodeWorkers: 2 });
    assert.equal(stderr, "");
  });

  it("moving copies a collection, goes on where it was stopped, and writes a file", async () => {
    const { stdout, stderr } = await example("moving", photos);
    assert.deepEqual(JSON.parse(stdout), {
      first: 5,
      stored: count - 5,
      skipped: 5,
      exported: count,
      path: join("backup", "photos.parquet"),
    });
    assert.equal(stderr, "");
  });

  it("folder takes all images below a folder, each with its sub-folder as metadata", async () => {
    const albums = join(folder, "albums");
    for (const [index, file] of corpus.slice(0, 5).entries()) {
      const album = join(albums, index < 3 ? "a" : "b/c");
      await mkdir(album, { recursive: true });
      await copyFile(join(photos, file), join(album, file));
    }
    const { stdout } = await example("folder", albums);
    assert.deepEqual(JSON.parse(stdout), { failures: 0, stored: 5, inA: 3 });
  });

  it("near-duplicates finds the copy of a photo, once, and nothing else", async () => {
    const { stdout } = await example("near-duplicates");
    assert.match(stdout, /^file:\S*cat\.jpg file:\S*cat\.jpg 1\.000\n$/);
  });

  it("new-model switches a collection to another model and back, and its searches are answered all the time", async () => {
    const { stdout } = await example("new-model", photos);
    const { switched, stored, gate, first, back, same } = JSON.parse(stdout);
    assert.deepEqual([switched, stored, gate.rowsAfter, gate.selfRetrieval, back, same], [true, count, count, 1, "photos", 10]);
    assert.ok(first > 0.999, stdout);
  });

  it("the README's lines store two images and find the query itself first", async () => {
    const { stdout } = await example("readme");
    const [ids, failures, score] = stdout.trim().split(" ").map(Number);
    assert.deepEqual([ids, failures], [2, 0]);
    assert.ok(score !== undefined && score > 0.999, stdout);
  });
});
