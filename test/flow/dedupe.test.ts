/** `headrace dedupe`: the same file under two names, and copies of a photo in other sizes. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { type Workspace, workspace } from "./command.js";
import { savedData } from "./saved-data.js";

const golden = resolve("test", "fidelity", "golden");

interface Found {
  readonly groups: readonly {
    readonly keep: { readonly id: string; readonly path: string };
    readonly others: readonly { readonly id: string; readonly path: string; readonly score: number; readonly sameContent: boolean }[];
  }[];
  readonly wouldDelete?: number;
  readonly deleted?: number;
}

async function spaceWithCopies(): Promise<Workspace> {
  const space = await workspace();
  const photos = join(space.folder, "photos");
  await mkdir(photos);
  for (const name of ["coffee.jpg", "chelsea.jpg", "rocket.jpg", "retina.jpg"]) await copyFile(join(golden, name), join(photos, name));
  const { width = 2 } = await sharp(join(golden, "chelsea.jpg")).metadata();
  await sharp(join(golden, "chelsea.jpg"))
    .resize(Math.round(width / 2))
    .jpeg({ quality: 90 })
    .toFile(join(photos, "half.jpg"));
  return space;
}

const names = ({ groups }: Found) =>
  groups
    .map(({ keep, others }) =>
      [keep, ...others]
        .map(({ path }) => basename(path))
        .sort()
        .join(" "),
    )
    .sort();

test("finds copies, shows them on a page, and deletes all but the best only with --delete and --yes", async () => {
  await using space = await spaceWithCopies();
  await space.json(0, "ingest", "photos");
  await copyFile(join(golden, "coffee.jpg"), join(space.folder, "photos", "same.jpg"));
  const { stored, reused } = await space.json<{ stored: number; reused: number }>(0, "ingest", "photos");
  assert.equal(reused, stored, "known bytes under a new name are stored, and not embedded again");
  assert.ok(stored >= 1);
  const count = async () => (await space.json<{ count: number }>(0, "count")).count;

  const found = await space.json<Found>(0, "dedupe", "--threshold", "0.9", "--open", "page.html");
  assert.deepEqual(names(found), ["chelsea.jpg half.jpg", "coffee.jpg same.jpg"]);
  assert.deepEqual(found.groups.map(({ others }) => others[0]?.sameContent).sort(), [false, true]);
  assert.ok(
    found.groups.some(({ keep }) => basename(keep.path) === "chelsea.jpg"),
    "the one with more pixels is kept",
  );
  const data = savedData(await readFile(join(space.folder, "page.html"), "utf8"));
  assert.ok(data.kind === "duplicates");
  const shown = data.groups.flatMap(({ images }) => images);
  assert.deepEqual(shown.map(({ mark }) => mark ?? "near").sort(), ["kept", "kept", "near", "same"]);
  assert.ok(shown.every(({ picture }) => picture !== null));
  const { stdout } = await space.run("dedupe", "images", "--threshold", "0.9");
  assert.match(stdout, /^2 groups in images: 2 rows besides those to keep\n {4}keep /);

  const planned = await space.json<Found>(0, "dedupe", "--threshold", "0.9", "--delete");
  assert.deepEqual([planned.wouldDelete, planned.deleted, await count()], [2, 0, 6]);
  const refused = await space.json<{ error: { code: string } }>(
    1,
    ...["dedupe", "--threshold", "0.9", "--delete", "--yes", "--max-deletions", "1"],
  );
  assert.deepEqual([refused.error.code, await count()], ["prune_refused", 6]);
  const done = await space.json<Found>(0, "dedupe", "--threshold", "0.9", "--delete", "--yes");
  assert.deepEqual([done.deleted, await count()], [2, 4]);
  assert.deepEqual((await space.json<Found>(0, "dedupe", "--threshold", "0.9")).groups, []);
});

test("a collection with another metric needs a threshold", async () => {
  await using space = await workspace();
  await space.json(0, "collection", "create", "far", "--metric", "l2");
  const { error } = await space.json<{ error: { code: string } }>(2, "dedupe", "far");
  assert.equal(error.code, "query_invalid");
  assert.deepEqual((await space.json<Found>(0, "dedupe", "far", "--threshold=-0.1")).groups, []);
});
