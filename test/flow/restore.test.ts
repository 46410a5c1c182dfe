/** Rows that a verb has deleted come back, bit for bit: `headrace restore`. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import type { CollectionSchema, Key } from "../../src/contracts/index.js";
import { batchOf, unitVector } from "../conformance/store-rows-data.js";
import { bitsIn, fill } from "../support/stored-rows.js";
import { type Workspace, workspace } from "./command.js";

interface Listed {
  readonly files: readonly { readonly file: string; readonly rows: number; readonly deletedAt: string; readonly command: string }[];
}

interface Restored {
  readonly restored: number;
  readonly skipped: number;
  readonly failed: number;
}

interface Failed {
  readonly error: { readonly code: string; readonly hint: string };
}

const schema: CollectionSchema = { dimension: 4, metric: "cosine", passport: { probes: [[1, 0, 0, 0]], labels: { model: "test" } } };
const golden = resolve("test", "fidelity", "golden");

/** Rows with metadata of each type, some of it missing. */
function rows(count: number, idOf: (index: number) => Key = (index) => `row ${index}`, start = 0) {
  const made = Array.from({ length: count }, (_, at) => ({
    id: idOf(start + at),
    vector: [...unitVector(start + at)],
    metadata: {
      number: start + at,
      ...(at % 2 === 0 ? { text: `„${at}“ \u0000\n\t😀`, flag: at % 4 === 0 } : { fraction: at / 3 }),
    },
  }));
  return batchOf(made, 1_700_000_000_123);
}

const data = (space: Workspace): string => join(space.folder, "headrace-data");
const bits = (space: Workspace, name = "photos") => bitsIn(data(space), name);
const files = async (space: Workspace, name = "photos") => (await space.json<Listed>(0, "restore", name)).files;

/** Restores the newest file, and returns what the command says. */
const restore = (space: Workspace, ...more: readonly string[]) => space.json<Restored>(0, "restore", "photos", "latest", ...more);

describe("restore", () => {
  test("lists what delete took by ids and by filter, and brings it back bit for bit, once", async () => {
    await using space = await workspace();
    await fill(data(space), "photos", { schema, batch: rows(60) });
    const before = await bits(space);
    assert.deepEqual(await files(space), []);

    await space.json(0, "delete", "--collection", "photos", "--yes", "row 3", "row 4", "no such row");
    await space.json(0, "delete", "--collection", "photos", "--yes", "--filter", "number >= 30");
    assert.equal((await bits(space))?.length, 28);
    const listed = await files(space);
    assert.deepEqual(
      listed.map(({ rows: count, command }) => [count, command]),
      [
        [30, "delete"],
        [2, "delete"],
      ],
      "the newest comes first",
    );
    assert.ok(listed.every(({ deletedAt }) => Math.abs(Date.now() - Date.parse(deletedAt)) < 600_000));

    const dry = await space.json<Restored & { wouldRestore: number }>(0, "restore", "photos", "latest", "--dry-run");
    assert.deepEqual([dry.restored, dry.wouldRestore, dry.skipped], [0, 30, 0]);
    const [newest, older] = listed.map(({ file }) => file);
    assert.deepEqual(picked(await space.json<Restored>(0, "restore", "photos", newest!)), { restored: 30, skipped: 0, failed: 0 });
    const path = join("headrace-data", "deleted", "photos", older!);
    assert.deepEqual(picked(await space.json<Restored>(0, "restore", "photos", path)), { restored: 2, skipped: 0, failed: 0 });
    assert.deepEqual(await bits(space), before);
    assert.deepEqual(picked(await space.json<Restored>(0, "restore", "photos", newest!)), { restored: 0, skipped: 30, failed: 0 });
    assert.deepEqual(await bits(space), before);
  });

  test("brings back rows with int64 ids and rows of a store with float16 numbers", async () => {
    for (const [idType, idOf, vectorType] of [
      ["int64", (index: number) => 9_007_199_254_740_993n + BigInt(index), "float32"],
      ["text", (index: number) => `row ${index}`, "float16"],
    ] as const) {
      await using space = await workspace();
      await fill(data(space), "photos", { schema: { ...schema, idType }, batch: rows(20, idOf), vectorType });
      const before = await bits(space);
      await space.json(0, "delete", "--collection", "photos", "--yes", "--filter", "number < 15");
      assert.equal((await bits(space))?.length, 5);
      assert.equal((await restore(space)).restored, 15);
      assert.deepEqual(await bits(space), before);
    }
  });

  test("restores only what is missing: a row that was written since the deletion stays as it is", async () => {
    await using space = await workspace();
    await fill(data(space), "photos", { schema, batch: rows(20) });
    await space.json(0, "delete", "--collection", "photos", "--yes", "--filter", "number >= 10");
    assert.deepEqual(picked(await restore(space, "--limit", "3")), { restored: 3, skipped: 0, failed: 0 });
    await space.json(0, "delete", "--collection", "photos", "--yes", "--no-keep", "--filter", "number == 12");
    await fill(data(space), "photos", { schema, batch: batchOf([{ id: "row 12", facts: { version: "newer" } }], 1_800_000_000_000) });
    const newer = (await bits(space))!.filter((row) => "id" in row && row.id === "string row 12");
    assert.deepEqual(picked(await restore(space)), { restored: 7, skipped: 3, failed: 0 });
    assert.equal((await bits(space))!.length, 20);
    assert.deepEqual(
      (await bits(space))!.filter((row) => "id" in row && row.id === "string row 12"),
      newer,
    );
  });

  test("recreates a dropped collection with its metric, its ids and its passport, also under another name", async () => {
    await using space = await workspace();
    const ownSchema: CollectionSchema = { ...schema, metric: "l2", idType: "int64" };
    await fill(data(space), "photos", { schema: ownSchema, batch: rows(1_500, (index) => BigInt(index)) });
    const before = await bits(space);
    const stats = await space.json(0, "collection", "stats", "photos");
    await space.json(0, "collection", "drop", "photos", "--yes");
    assert.equal(await bits(space), null);
    assert.deepEqual(
      (await files(space)).map(({ rows: count, command }) => [count, command]),
      [[1_500, "collection drop"]],
    );
    const preview = await space.json<{ readonly creates: boolean }>(0, "restore", "photos", "latest", "--dry-run");
    assert.equal(preview.creates, true);
    assert.equal((await restore(space)).restored, 1_500);
    assert.deepEqual(await bits(space), before);
    const again = await space.json(0, "collection", "stats", "photos");
    for (const key of ["dimension", "metric", "ids", "passport", "count"]) assert.deepEqual(again[key], stats[key], key);
    await restore(space, "--to", "copy");
    assert.deepEqual(await bits(space, "copy"), before);
  });

  test("brings back what dedupe deleted", async () => {
    await using space = await workspace();
    const photos = join(space.folder, "photos");
    await mkdir(photos);
    for (const name of ["a.jpg", "b.jpg", "c.jpg"]) await copyFile(join(golden, "coffee.jpg"), join(photos, name));
    await copyFile(join(golden, "rocket.jpg"), join(photos, "rocket.jpg"));
    await space.json(0, "ingest", "photos", "--collection", "photos");
    const before = await bits(space);
    assert.equal((await space.json<{ readonly deleted: number }>(0, "dedupe", "photos", "--delete", "--yes")).deleted, 2);
    assert.deepEqual(
      (await files(space)).map(({ rows: count, command }) => [count, command]),
      [[2, "dedupe"]],
    );
    assert.equal((await restore(space)).restored, 2);
    assert.deepEqual(await bits(space), before);
  });

  test("brings back the collection that reembed --finish dropped, beside the new one and not into it", async () => {
    await using space = await workspace();
    const photos = join(space.folder, "pictures");
    await mkdir(photos);
    for (const name of ["coffee.jpg", "chelsea.jpg", "rocket.jpg"]) await copyFile(join(golden, name), join(photos, name));
    const config = join(space.folder, "new.yaml");
    await writeFile(config, "preprocess:\n  preset: clip\n");
    await space.json(0, "ingest", photos, "--collection", "photos");
    const before = await bits(space);
    await space.json(0, "reembed", "photos", "--alias", "live", "--config", config);
    const after = await bits(space, "live");
    await space.json(0, "reembed", "live", "--finish", "--yes");
    // The name of the dropped collection is an alias of the new one now.
    assert.deepEqual(await bits(space), after);
    assert.deepEqual(
      (await files(space)).map(({ rows: count, command }) => [count, command]),
      [[3, "reembed --finish"]],
    );
    const refused = await space.json<Failed>(1, "restore", "photos", "latest");
    assert.equal(refused.error.code, "passport_mismatch");
    assert.match(refused.error.hint, /--to NEW_NAME/);
    assert.deepEqual(await bits(space), after);
    await restore(space, "--to", "photos_before");
    assert.deepEqual(await bits(space, "photos_before"), before);
  });

  test("writes no file with --no-keep, for a deletion of nothing, and for none at all", async () => {
    await using space = await workspace();
    await fill(data(space), "photos", { schema, batch: rows(10) });
    await space.json(0, "delete", "--collection", "photos", "--yes", "no such row");
    await space.json(0, "delete", "--collection", "photos", "--yes", "--filter", "number > 1000");
    await space.json(0, "delete", "--collection", "photos", "--yes", "--no-keep", "row 1");
    await space.json(0, "delete", "--collection", "photos", "--yes", "--set", "deleted.keep=false", "row 2");
    await space.json(0, "collection", "drop", "photos", "--yes", "--no-keep");
    assert.deepEqual(await files(space), []);
    assert.deepEqual(await readdir(join(data(space))).then((names) => names.includes("deleted")), false);
  });

  test("keeps within deleted.max_mb: deletes nothing then, says how to go on, and throws no younger file away", async () => {
    await using space = await workspace();
    const wide = { ...schema, dimension: 512, passport: null };
    const batch = batchOf(
      Array.from({ length: 900 }, (_, at) => ({ id: `row ${at}`, vector: [...unitVector(at, 512)], metadata: { number: at } })),
    );
    await fill(data(space), "photos", { schema: wide, batch });
    await space.json(0, "delete", "--collection", "photos", "--yes", "--set", "deleted.max_mb=1", "--filter", "number < 100");
    const before = await bits(space);
    for (const verb of [
      ["delete", "--collection", "photos", "--filter", "number >= 100"],
      ["collection", "drop", "photos"],
    ]) {
      const refused = await space.json<Failed>(1, ...verb, "--yes", "--set", "deleted.max_mb=1");
      assert.equal(refused.error.code, "deletion_too_large");
      assert.match(refused.error.hint, /--no-keep/);
      assert.deepEqual(await bits(space), before);
    }
    assert.equal((await files(space)).length, 1);
    assert.deepEqual(
      (await readdir(join(data(space), "deleted", "photos"))).filter((name) => !name.endsWith(".parquet")),
      [],
      "no half file is left",
    );
    await space.json(0, "collection", "drop", "photos", "--yes", "--no-keep");
  });

  test("removes files older than deleted.keep_days, and what a killed call left, with the next deletion", async () => {
    await using space = await workspace();
    await fill(data(space), "photos", { schema, batch: rows(10) });
    await space.json(0, "delete", "--collection", "photos", "--yes", "row 1");
    const folder = join(data(space), "deleted", "photos");
    const [{ file } = { file: "" }] = await files(space);
    const monthAgo = new Date(Date.now() - 31 * 86_400_000).toISOString().replaceAll(":", "-");
    await copyFile(join(folder, file), join(folder, `${monthAgo}-0a1b2c.parquet`));
    await copyFile(join(folder, file), join(folder, "renamed by a person.parquet"));
    await writeFile(join(folder, `${monthAgo}-3d4e5f.parquet.partial`), "half");
    await writeFile(join(folder, "young.parquet.partial"), "half");
    const longAgo = new Date(Date.now() - 2 * 86_400_000);
    await utimes(join(folder, `${monthAgo}-3d4e5f.parquet.partial`), longAgo, longAgo);
    await space.json(0, "delete", "--collection", "photos", "--yes", "row 2");
    const left = await readdir(folder);
    assert.deepEqual(
      left.filter((name) => name.startsWith(monthAgo)),
      [],
    );
    assert.ok(left.includes("renamed by a person.parquet") && left.includes(file) && left.includes("young.parquet.partial"));
    assert.equal((await files(space)).length, 3);
  });

  test("shows in collection stats how much is kept, and says so to people", async () => {
    await using space = await workspace();
    await fill(data(space), "photos", { schema, batch: rows(10) });
    const none = await space.json<{ readonly deleted: object }>(0, "collection", "stats", "photos");
    assert.deepEqual(none.deleted, { files: 0, rows: 0, bytes: 0, oldest: null });
    await space.json(0, "delete", "--collection", "photos", "--yes", "row 1", "row 2");
    await space.json(0, "delete", "--collection", "photos", "--yes", "row 3");
    const { deleted } = await space.json<{ readonly deleted: { readonly bytes: number; readonly oldest: string } }>(
      0,
      "collection",
      "stats",
      "photos",
    );
    const listed = await files(space);
    assert.deepEqual(deleted, { files: 2, rows: 3, bytes: deleted.bytes, oldest: listed[1]!.deletedAt });
    assert.ok(deleted.bytes > 0);
    assert.match((await space.run("collection", "stats", "photos")).stdout, /deleted rows: 3 rows in 2 files/);
    const text = (await space.run("restore", "photos")).stdout;
    assert.ok(listed.every(({ file }) => text.includes(file)));
    assert.match((await space.run("restore", "other")).stdout, /No deleted rows of other are kept/);
  });

  test("refuses files that are not of the collection, hostile names, and damaged files, which it lists", async () => {
    await using space = await workspace();
    await fill(data(space), "photos", { schema, batch: rows(10) });
    await fill(data(space), "others", { schema, batch: rows(10) });
    await space.json(0, "delete", "--collection", "others", "--yes", "row 1");
    await space.json(0, "delete", "--collection", "photos", "--yes", "row 1");
    const [{ file } = { file: "" }] = await files(space, "others");
    const folder = join(data(space), "deleted", "photos");
    await copyFile(join(data(space), "deleted", "others", file), join(space.folder, "outside.parquet"));
    for (const name of [
      `../others/${file}`,
      file,
      join("headrace-data", "deleted", "others", file),
      "outside.parquet",
      "../../../../etc/passwd",
      "nothing.parquet",
    ]) {
      const refused = await space.json<Failed>(2, "restore", "photos", name);
      assert.equal(refused.error.code, "input_invalid", name);
    }
    for (const name of ["../photos", "..", "a/b"]) assert.deepEqual(await files(space, name), [], name);
    await writeFile(join(folder, "9999-damaged.parquet"), "PAR1 and no more");
    const [damaged, whole] = await files(space);
    assert.deepEqual([damaged?.rows, damaged?.command, whole?.rows], [null, null, 1]);
    assert.equal((await space.json<Failed>(2, "restore", "photos", "9999-damaged.parquet")).error.code, "input_invalid");
    assert.equal((await space.json<Failed>(2, "restore", "photos", "--dry-run")).error.code, "usage_invalid");
    await rm(join(folder, "9999-damaged.parquet"));
    assert.equal((await restore(space)).restored, 1);
  });
});

function picked({ restored, skipped, failed }: Restored): Restored {
  return { restored, skipped, failed };
}
