/** A collection that mirrors its source: `headrace sync` and `headrace verify`. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { connect } from "@lancedb/lancedb";
import { writeTar } from "../support/archives.js";
import { type Workspace, workspace } from "./command.js";

interface Sync {
  readonly new: number;
  readonly changed: number;
  readonly moved: number | null;
  readonly unchanged: number;
  readonly missing: number | null;
  readonly pruned: number;
  readonly reused: number;
  readonly error?: { readonly code: string };
}

interface Verified {
  readonly missing: number;
  readonly changed: number;
  readonly extra: number;
  readonly damaged: number;
  readonly repaired: number;
  readonly differences: readonly { readonly kind: string; readonly source: string }[];
}

const golden = resolve("test", "fidelity", "golden");
const photos = ["coffee.jpg", "chelsea.jpg", "hubble.jpg", "rocket.jpg"];

/** A folder `photos` with four different pictures, whose versions are settled. */
async function withPhotos(space: Workspace, folder = "photos"): Promise<string> {
  const path = join(space.folder, folder);
  await mkdir(path, { recursive: true });
  for (const name of photos) await copyFile(join(golden, name), join(path, name));
  for (const name of photos) await untilSettled(join(path, name));
  return path;
}

/** Versions of files that changed less than two seconds ago are not trusted. */
async function untilSettled(path: string): Promise<void> {
  while (Date.now() - (await stat(path)).ctimeMs < 2_100) await new Promise(setImmediate);
}

function counts({ new: added, changed, moved, unchanged, missing, pruned }: Sync) {
  return { added, changed, moved, unchanged, missing, pruned };
}

const count = async (space: Workspace, filter?: string) =>
  (await space.json<{ count: number }>(0, "count", ...(filter === undefined ? [] : ["--filter", filter]))).count;

describe("sync", () => {
  test("tells new, changed, moved, unchanged and missing images apart, and deletes rows only with --prune", async () => {
    await using space = await workspace();
    const folder = await withPhotos(space);
    const first = await space.json<Sync>(0, "sync", "photos");
    assert.deepEqual(counts(first), { added: 4, changed: 0, moved: 0, unchanged: 0, missing: 0, pruned: 0 });

    await rename(join(folder, "coffee.jpg"), join(folder, "espresso.jpg"));
    await copyFile(join(golden, "coffee.jpg"), join(folder, "chelsea.jpg"));
    await rm(join(folder, "rocket.jpg"));
    for (const name of ["espresso.jpg", "chelsea.jpg"]) await untilSettled(join(folder, name));
    const planned = await space.json<{ new: number; changed: number; unchanged: number; missing: number }>(
      0,
      "sync",
      "photos",
      "--dry-run",
    );
    assert.deepEqual([planned.new, planned.changed, planned.unchanged, planned.missing], [1, 1, 1, 2]);
    const kept = await space.json<Sync>(0, "sync", "photos");
    assert.deepEqual(counts(kept), { added: 1, changed: 1, moved: 1, unchanged: 1, missing: 2, pruned: 0 });
    assert.equal(kept.reused, 2, "neither needs the model: their bytes are stored under other names");
    assert.equal(await count(space), 5);

    const pruned = await space.json<Sync>(0, "sync", "photos", "--prune");
    assert.deepEqual(counts(pruned), { added: 0, changed: 0, moved: 0, unchanged: 3, missing: 2, pruned: 2 });
    assert.equal(await count(space), 3);
  });

  test("rows of other sources are never deleted", async () => {
    await using space = await workspace();
    await withPhotos(space, "photos");
    await withPhotos(space, "photos-2");
    await space.json(0, "sync", "photos", "photos-2");
    await rm(join(space.folder, "photos-2"), { recursive: true });
    await rm(join(space.folder, "photos", "coffee.jpg"));
    const { stdout } = await space.run("sync", "photos", "--prune", "--max-deletions", "0");
    assert.match(stdout, /\n {2}1 row of images that are gone kept\n/, "a refused --prune is not advised again");
    assert.equal((await space.json<Sync>(0, "sync", "photos", "--prune")).pruned, 1);
    assert.equal(await count(space), 7);
  });

  test("an image that was stored by its own name, or as part of a subfolder, belongs to the folder above it", async () => {
    await using space = await workspace();
    const folder = await withPhotos(space);
    await space.json(0, "ingest", "photos/coffee.jpg");
    await space.json(0, "sync", "photos");
    await rm(join(folder, "coffee.jpg"));
    assert.equal((await space.json<Sync>(0, "sync", "photos", "--prune")).pruned, 1);
  });

  test("refuses to delete more than half of the rows unless told so, and everything of a source that lists nothing", async () => {
    await using space = await workspace();
    const folder = await withPhotos(space);
    await space.json(0, "sync", "photos");
    for (const name of photos.slice(0, 3)) await rm(join(folder, name));
    const refused = await space.json<Sync>(1, "sync", "photos", "--prune");
    assert.deepEqual([refused.missing, refused.pruned, refused.error?.code], [3, 0, "prune_refused"]);
    const exact = await space.json<Sync>(1, "sync", "photos", "--prune", "--max-deletions", "2");
    assert.deepEqual([exact.pruned, exact.error?.code], [0, "prune_refused"]);
    assert.equal(await count(space), 4);
    assert.equal((await space.json<Sync>(0, "sync", "photos", "--prune", "--max-deletions", "75%")).pruned, 3);
    await rm(join(folder, photos[3] ?? ""));
    const empty = await space.json<Sync>(1, "sync", "photos", "--prune", "--max-deletions", "100%");
    assert.equal(empty.error?.code, "prune_refused");
    assert.equal(await count(space), 1);
    const { code, stdout } = await space.run("sync", "photos", "--prune");
    assert.equal(code, 1, stdout);
    assert.match(stdout, /prune_refused.*found none/);
  });

  test("mirrors tables and archives; a torn archive or a bad line deletes nothing", async () => {
    await using space = await workspace();
    const folder = await withPhotos(space);
    const bytes = new Map<string, Buffer>();
    for (const name of photos) bytes.set(name, await readFile(join(folder, name)));
    const table = (names: readonly string[], more = "") =>
      writeFile(join(space.folder, "photos.csv"), `path,label\n${names.map((name) => `photos/${name},${name}\n`).join("")}${more}`);
    const pack = (names: readonly string[]) =>
      writeTar(
        join(space.folder, "photos.tar"),
        names.map((name) => ({ name, bytes: bytes.get(name)! })),
      );
    for (const [source, write] of [
      ["photos.csv", table],
      ["photos.tar", pack],
    ] as const) {
      const collection = source.replace(".", "_");
      await write(photos);
      assert.equal((await space.json<Sync>(0, "sync", source, "--collection", collection)).new, 4);
      if (source === "photos.csv") await table(photos.slice(1), '"\n');
      else await truncate(join(space.folder, source), (await stat(join(space.folder, source))).size - 100_000);
      const damaged = await space.json<Sync>(3, "sync", source, "--collection", collection, "--prune");
      assert.deepEqual([damaged.missing, damaged.pruned], [0, 0], source);
      await write(photos.slice(1));
      const whole = await space.json<Sync>(0, "sync", source, "--collection", collection, "--prune");
      assert.deepEqual([whole.new, whole.missing, whole.pruned], [0, 1, 1], source);
    }
  });

  test("a wrong limit, no source and half of a name are usage errors", async () => {
    await using space = await workspace();
    for (const args of [["sync"], ["sync", "photos", "--max-deletions", "x"], ["sync", "photos", "--as", "name"], ["verify"]]) {
      assert.equal((await space.run(...args)).code, 2, args.join(" "));
    }
  });
});

describe("verify", () => {
  test("finds missing, changed and extra images, and repairs what can be repaired", async () => {
    await using space = await workspace();
    const folder = await withPhotos(space);
    await space.json(0, "ingest", "photos");
    const clean = await space.json<Verified>(0, "verify", "photos");
    assert.deepEqual([clean.missing, clean.changed, clean.extra, clean.damaged], [0, 0, 0, 0]);

    await copyFile(join(golden, "rocket.jpg"), join(folder, "new.jpg"));
    await copyFile(join(golden, "coffee.jpg"), join(folder, "chelsea.jpg"));
    await rm(join(folder, "hubble.jpg"));
    for (const name of ["new.jpg", "chelsea.jpg"]) await untilSettled(join(folder, name));
    const found = await space.json<Verified>(3, "verify", "photos");
    assert.deepEqual([found.missing, found.changed, found.extra, found.damaged], [1, 1, 1, 0]);
    assert.deepEqual(found.differences.map(({ kind, source }) => `${kind} ${source.split("/").at(-1)}`).sort(), [
      "changed chelsea.jpg",
      "extra hubble.jpg",
      "missing new.jpg",
    ]);
    const repaired = await space.json<Verified>(3, "verify", "photos", "--repair");
    assert.equal(repaired.repaired, 2);
    await space.json(0, "sync", "photos", "--prune");
    assert.equal((await space.json<Verified>(0, "verify", "photos")).extra, 0);
  });

  test("finds a damaged vector, and repairs its row by embedding the image again", async () => {
    await using space = await workspace();
    await withPhotos(space);
    await space.json(0, "ingest", "photos");
    const store = await connect(join(space.folder, "headrace-data"));
    const table = await store.openTable("images");
    const where = "source LIKE '%coffee.jpg'";
    const zeros = `[${Array.from({ length: 1280 }, () => "0.0").join(",")}]`;
    await table.update({ where, valuesSql: { vector: zeros } });
    table.close();
    const found = await space.json<Verified>(3, "verify", "photos");
    assert.deepEqual([found.missing, found.extra, found.damaged], [0, 0, 1]);
    assert.match(found.differences[0]?.source ?? "", /coffee\.jpg$/);
    assert.equal((await space.json<Verified>(0, "verify", "photos", "--repair")).repaired, 1);
    assert.equal((await space.json<Verified>(0, "verify", "photos")).damaged, 0);
  });

  test("a collection that does not exist is an error that names those that do", async () => {
    await using space = await workspace();
    await withPhotos(space);
    const { code, stderr } = await space.run("verify", "photos", "--collection", "nowhere");
    assert.equal(code, 1);
    assert.match(stderr, /collection_not_found/);
  });
});

describe("sync of many single images, as a shell's glob names them", () => {
  test("stores them all, deletes none of their rows, and still finds what is gone of a folder beside them", {
    timeout: 180_000,
  }, async () => {
    await using space = await workspace();
    const folder = await withPhotos(space);
    await mkdir(join(space.folder, "many"));
    const names = Array.from({ length: 300 }, (_, at) => join("many", `${at}.jpg`));
    for (const name of names) await copyFile(join(golden, "coffee.jpg"), join(space.folder, name));
    const first = await space.json<Sync>(0, "sync", "photos", ...names);
    assert.deepEqual(counts(first), { added: 304, changed: 0, moved: 0, unchanged: 0, missing: 0, pruned: 0 });
    await untilSettled(join(space.folder, names.at(-1)!));
    await rm(join(folder, "rocket.jpg"));
    await rm(join(space.folder, names[0]!));
    const second = await space.json<Sync>(0, "sync", "photos", ...names.slice(1), "--prune");
    assert.deepEqual([second.new, second.missing, second.pruned], [0, 1, 1]);
    assert.equal(await count(space), 303);
  });

  test("alone has no missing rows", async () => {
    await using space = await workspace();
    await withPhotos(space);
    const synced = await space.json<Sync>(0, "sync", ...photos.map((name) => join("photos", name)), "--prune");
    assert.deepEqual([synced.new, synced.missing, synced.pruned], [4, 0, 0]);
  });
});
