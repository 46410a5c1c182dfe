/** `ingest --labels`: the labels of images become metadata. */
import assert from "node:assert/strict";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { type Workspace, workspace } from "./command.js";

const golden = resolve("test", "fidelity", "golden");

interface Hit {
  readonly path: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

async function withPhotos(space: Workspace): Promise<void> {
  await mkdir(join(space.folder, "photos"));
  for (const name of ["chelsea.jpg", "coffee.jpg", "rocket.jpg"]) await copyFile(join(golden, name), join(space.folder, "photos", name));
}

const labelsOf = async (space: Workspace): Promise<Readonly<Record<string, unknown>>> => {
  const { hits } = await space.json<{ hits: Hit[] }>(0, "search", "--text", "cat");
  return Object.fromEntries(hits.map(({ path, metadata }) => [path.replace(/.*\//, ""), metadata["image_label"]]));
};

test("the best labels are stored, filters find them, and a second run changes nothing", async () => {
  await using space = await workspace();
  await withPhotos(space);
  await space.json(0, "ingest", "photos", "--labels", "3");
  assert.deepEqual(await labelsOf(space), { "chelsea.jpg": "tiger cat", "coffee.jpg": "espresso", "rocket.jpg": "missile" });
  const { count } = await space.json<{ count: number }>(0, "count", "--filter", 'image_label == "espresso" and image_label_score > 0.1');
  assert.equal(count, 1);
  assert.equal(
    (await space.json<{ count: number }>(0, "count", "--filter", 'image_label_2 == "tabby cat" or image_label_3 == "tabby cat"')).count,
    1,
  );
  const again = await space.json<{ stored: number; skipped: number }>(0, "ingest", "photos", "--labels", "3");
  // Photos as new as these are read again, and their vectors reused.
  assert.equal(again.stored + again.skipped, 3);
  assert.deepEqual(await labelsOf(space), { "chelsea.jpg": "tiger cat", "coffee.jpg": "espresso", "rocket.jpg": "missile" });
  const without = await space.json<{ stored: number }>(0, "ingest", "photos");
  assert.equal(without.stored, 0);
  assert.deepEqual(await labelsOf(space), { "chelsea.jpg": "tiger cat", "coffee.jpg": "espresso", "rocket.jpg": "missile" });
});

test("metadata of the user stays beside the labels, and an image that changed loses the labels of the old one", async () => {
  await using space = await workspace();
  await withPhotos(space);
  await writeFile(join(space.folder, "m.jsonl"), `${JSON.stringify({ input: "photos/chelsea.jpg", metadata: { year: 2020 } })}\n`);
  await space.json(0, "ingest", "--manifest", "m.jsonl", "--labels", "1");
  const { hits } = await space.json<{ hits: Hit[] }>(0, "search", "--text", "cat");
  assert.deepEqual([hits[0]!.metadata["year"], hits[0]!.metadata["image_label"]], [2020, "tiger cat"]);
  await copyFile(join(golden, "coffee.jpg"), join(space.folder, "photos", "chelsea.jpg"));
  await space.json(0, "ingest", "photos/chelsea.jpg");
  const changed = await space.json<{ hits: Hit[] }>(0, "search", "--text", "cat");
  assert.deepEqual([changed.hits[0]!.metadata["year"], changed.hits[0]!.metadata["image_label"] ?? null], [2020, null]);
});

test("a list of labels chooses among them, and one that the model does not know is refused before anything is stored", async () => {
  await using space = await workspace();
  await withPhotos(space);
  await space.json(0, "ingest", "photos", "--labels", "cat, cup");
  assert.deepEqual(
    Object.values(await labelsOf(space)).filter((label) => label !== "cat" && label !== "cup"),
    [],
  );
  const { error } = await space.json<{ error: { code: string } }>(2, "ingest", "photos", "--collection", "other", "--labels", "cat,xyzzy");
  assert.equal(error.code, "word_unknown");
  assert.equal((await space.json<{ error: { code: string } }>(1, "count", "--collection", "other")).error.code, "collection_not_found");
});

test("words with a negative weight push their images down, on the command line as in a program", async () => {
  await using space = await workspace();
  await withPhotos(space);
  await space.json(0, "ingest", "photos");
  const ranked = async (...query: readonly string[]) => {
    const { hits } = await space.json<{ hits: (Hit & { score: number })[] }>(0, "search", ...query);
    return hits.map(({ path, score }) => [path.replace(/.*\//, ""), score] as const);
  };
  const mixed = await ranked("--text", "tiger cat", "--text", "espresso^-1");
  assert.deepEqual([mixed[0]![0], mixed.at(-1)![0]], ["chelsea.jpg", "coffee.jpg"]);
  assert.ok(mixed.at(-1)![1] < 0);
  const config = new ServiceConfig({ lancedb: { path: join(space.folder, "headrace-data") } });
  await using pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy" });
  const mix = [{ query: { text: "tiger cat" } }, { query: { text: "espresso" }, weight: -1 }];
  const hits = await pipeline.searchImages({ mix });
  assert.deepEqual(
    hits.map(({ score }) => score),
    mixed.map(([, score]) => score),
  );
});
