/** Copy, export and import through the command. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import type { Collection, CollectionSchema, Passport, StoredRow } from "../../src/contracts/index.js";
import { batchOf, calm, type TestRow } from "../conformance/store-rows-data.js";
import { ended, type Workspace, workspace } from "./command.js";

const passport: Passport = {
  probes: [
    [0.6, 0.8],
    [1, 0],
    [0, 1],
  ],
  labels: { model: "one" },
};

interface MoveDocument {
  readonly ended: string;
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly abandoned: number;
  readonly elapsedMs: number;
  readonly rowsPerSecond: number;
  readonly to: string;
}

interface ErrorDocument {
  readonly error: { readonly code: string; readonly message: string };
}

async function withCollection<T>(
  space: Workspace,
  name: string,
  use: (collection: Collection) => Promise<T>,
  make?: Partial<CollectionSchema>,
) {
  const store = lancedbStore({ path: join(space.folder, "headrace-data") });
  await store.open(calm);
  const schema: CollectionSchema = { dimension: 4, metric: "cosine", passport, ...make };
  const collection = await (make === undefined ? store.openCollection(name, "read") : store.create(name, schema));
  try {
    return await use(collection);
  } finally {
    await collection.close();
    await store.close();
  }
}

async function fill(space: Workspace, count: number, more: Partial<CollectionSchema> = {}, name = "photos"): Promise<void> {
  const rows = Array.from({ length: count }, (_, at): TestRow => {
    const id = more.idType === "int64" ? BigInt(at) : `row ${at}`;
    return { id, metadata: { year: 2000 + (at % 20), camera: at % 2 === 0 ? 'X "1"\n' : null, keep: at % 3 === 0 } };
  });
  await withCollection(space, name, (collection) => collection.upsert(batchOf(rows), calm), more);
}

const rowsOf = (space: Workspace, name: string): Promise<readonly StoredRow[]> =>
  withCollection(space, name, async (collection) => {
    const rows: StoredRow[] = [];
    for await (const batch of collection.scan({ vectors: "include" })) rows.push(...batch);
    return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
  });

const passportOf = (space: Workspace, name: string): Promise<unknown> => withCollection(space, name, async (found) => found.passport);

test("a collection is copied under another name; the document's numbers add up, and the same again skips all", async () => {
  await using space = await workspace();
  await fill(space, 1_200);
  const copy = ["copy", "--from", "lancedb:photos", "--to", "lancedb:photos2"];
  assert.deepEqual(await space.json(0, ...copy, "--dry-run"), {
    dryRun: true,
    from: "lancedb:photos",
    to: "lancedb:photos2",
    listed: 1_200,
    known: 0,
    fresh: 1_200,
    creates: true,
  });
  assert.equal(existsSync(join(space.folder, "headrace-data", "photos2.lance")), false);

  const part = await space.json<MoveDocument>(0, ...copy, "--limit", "500");
  assert.deepEqual([part.ended, part.read, part.stored], ["completed", 500, 500]);
  const { elapsedMs, rowsPerSecond, ...rest } = await space.json<MoveDocument>(0, ...copy);
  assert.deepEqual(rest, {
    ended: "completed",
    from: "lancedb:photos",
    to: "lancedb:photos2",
    read: 1_200,
    stored: 700,
    skipped: 500,
    failed: 0,
    abandoned: 0,
    failures: [],
  });
  assert.ok(elapsedMs > 0 && rowsPerSecond > 0);
  assert.deepEqual(await rowsOf(space, "photos2"), await rowsOf(space, "photos"));
  assert.deepEqual(await passportOf(space, "photos2"), passport);

  const { code, stdout } = await space.run("copy", "--from", "photos", "--to", "photos2");
  assert.equal(code, 0);
  assert.match(stdout, /1,200 rows read = 0 stored \+ 1,200 skipped \+ 0 failed/);
});

for (const [format, idType] of [
  ["parquet", "text"],
  ["parquet", "int64"],
  ["npy", "text"],
  ["npy", "int64"],
] as const) {
  test(`a collection with ${idType} ids goes into a ${format} file and comes back with every column and the passport`, async () => {
    await using space = await workspace();
    await fill(space, 1_100, { idType, metric: "ip" });
    const out = await space.json<MoveDocument>(0, "export", "photos", "--output", `out/photos.${format}`);
    assert.deepEqual([out.ended, out.read, out.stored, out.to], ["completed", 1_100, 1_100, `out/photos.${format}`]);
    const names = await readdir(join(space.folder, "out"));
    assert.deepEqual(names.sort(), format === "npy" ? ["photos.npy", "photos.npy.json", "photos.npy.jsonl"] : ["photos.parquet"]);

    const preview = await space.json<{ fresh: number }>(0, "import", `out/photos.${format}`, "back", "--dry-run");
    assert.equal(preview.fresh, 1_100);
    assert.equal((await space.json<MoveDocument>(0, "import", `out/photos.${format}`, "back", "--limit", "300")).stored, 300);
    const back = await space.json<MoveDocument>(0, "import", `out/photos.${format}`, "lancedb:back");
    assert.deepEqual([back.stored, back.skipped], [800, 300]);
    assert.deepEqual(await rowsOf(space, "back"), await rowsOf(space, "photos"));
    assert.deepEqual(await passportOf(space, "back"), passport);
    const { metric } = await space.json<{ metric: string }>(0, "collection", "stats", "back");
    assert.equal(metric, "ip");
  });
}

test("an export into a folder is named after the collection, and replaces the one before", async () => {
  await using space = await workspace();
  await fill(space, 5);
  assert.equal((await space.json<MoveDocument>(0, "export", "photos", "--output", "out/")).to, join("out", "photos.parquet"));
  assert.equal((await space.json<MoveDocument>(0, "export", "photos", "--output", "out", "--limit", "2")).stored, 2);
  assert.equal(
    (await space.json<MoveDocument>(0, "export", "lancedb:photos", "--output", "out", "--format", "npy")).to,
    join("out", "photos.npy"),
  );
  assert.equal((await space.json<MoveDocument>(0, "import", "out/photos.parquet", "two")).stored, 2);
});

test("an interrupted export leaves the file before as it was, and no other", async () => {
  await using space = await workspace();
  await fill(space, 40_000);
  assert.equal((await space.run("export", "photos", "--output", "photos.npy", "--limit", "3")).code, 0);
  const before = await readFile(join(space.folder, "photos.npy"));
  const child = space.start("export", "photos", "--output", "photos.npy");
  const result = ended(child);
  const isStarted = () => readdirSync(space.folder).some((name) => /^photos\.npy\..*\.partial$/.test(name));
  while (!isStarted() && child.exitCode === null) await new Promise((done) => setTimeout(done, 2));
  child.kill("SIGINT");
  const { code, stdout } = await result;
  // On a machine that held this process up, the export may have come to its end.
  if (!/^Done/.test(stdout)) {
    assert.equal(code, 130);
    assert.match(stdout, /No file was written/);
    assert.deepEqual(await readFile(join(space.folder, "photos.npy")), before);
  }
  const names = (await readdir(space.folder)).filter((name) => name.startsWith("photos"));
  assert.deepEqual(names.sort(), ["photos.npy", "photos.npy.json", "photos.npy.jsonl"]);
});

test("what does not fit is refused before a row is written, with both sides shown", async () => {
  await using space = await workspace();
  await fill(space, 3);
  await fill(
    space,
    3,
    {
      dimension: 4,
      passport: {
        ...passport,
        probes: [
          [-0.6, 0.8],
          [0, 1],
          [1, 0],
        ],
        labels: { model: "two" },
      },
    },
    "other",
  );
  const { error } = await space.json<ErrorDocument>(1, "copy", "--from", "photos", "--to", "other");
  assert.equal(error.code, "passport_mismatch");
  assert.match(error.message, /lancedb:other.*"two".*lancedb:photos.*"one"/);
  await space.run("export", "photos", "--output", "photos.parquet");
  for (const extra of [[], ["--dry-run"]]) {
    const refused = await space.json<ErrorDocument>(1, "import", "photos.parquet", "other", ...extra);
    assert.equal(refused.error.code, "passport_mismatch");
  }
  assert.equal((await rowsOf(space, "other")).length, 3);
});

test("commands that cannot be say what to do instead", async () => {
  await using space = await workspace();
  await fill(space, 2);
  await writeFile(join(space.folder, "text.parquet"), "not Parquet at all");
  for (const [code, exitCode, args] of [
    ["usage_invalid", 2, ["copy", "--from", "photos", "--to", "lancedb:photos"]],
    ["usage_invalid", 2, ["copy", "--from", "s3:photos", "--to", "photos2"]],
    ["collection_not_found", 1, ["copy", "--from", "nothing", "--to", "photos2"]],
    ["collection_not_found", 1, ["export", "nothing", "--output", "x.parquet"]],
    ["name_invalid", 2, ["copy", "--from", "photos", "--to", "../escape"]],
    ["name_invalid", 2, ["copy", "--from", "../photos", "--to", "photos2"]],
    ["name_invalid", 2, ["export", "../../photos", "--output", "out"]],
    ["name_invalid", 2, ["import", "photos.parquet", "a/b"]],
    ["usage_invalid", 2, ["export", "photos", "--output", "photos.csv"]],
    ["usage_invalid", 2, ["export", "photos", "--output", "photos.npy", "--format", "parquet"]],
    ["input_invalid", 2, ["import", "text.parquet", "x"]],
    ["input_invalid", 2, ["import", "not-there.parquet", "x"]],
  ] as const) {
    if (args.includes("photos.parquet" as never)) await space.run("export", "photos", "--output", "photos.parquet");
    const { error } = await space.json<ErrorDocument>(exitCode, ...args);
    assert.equal(error.code, code, `${args.join(" ")}: ${error.message}`);
  }
  assert.deepEqual((await readdir(space.folder)).sort(), ["headrace-data", "photos.parquet", "text.parquet"]);
});
