/** `headrace classify`: labels in the metadata of stored rows, without embedding them again. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { type Workspace, workspace } from "./command.js";
import { untilSettled } from "./settled.js";

const golden = resolve("test", "fidelity", "golden");
const clip = resolve("test", "fidelity", "clip", "model");
const heads = resolve("test", "fidelity", "heads");
const photos = ["chelsea.jpg", "coffee.jpg", "rocket.jpg"];

interface Classified {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly labels: Readonly<Record<string, number>>;
  readonly unlabelled: number;
  readonly scores: { readonly rows: number; readonly lowest: number; readonly mean: number; readonly highest: number } | null;
}

interface Stored {
  readonly hits: readonly { readonly id: string; readonly path: string; readonly metadata: Readonly<Record<string, unknown>> }[];
}

/** Two photos have metadata, and one has none. */
async function withPhotos(space: Workspace, ...options: readonly string[]): Promise<void> {
  await placePhotos(space);
  await space.json(0, "ingest", "--manifest", "m.jsonl", ...options);
}

async function placePhotos(space: Workspace): Promise<void> {
  await mkdir(join(space.folder, "photos"));
  for (const name of photos) {
    await copyFile(join(golden, name), join(space.folder, "photos", name));
  }
  const lines = photos.map((name, index) => JSON.stringify({ input: `photos/${name}`, metadata: index < 2 ? { year: 2020 + index } : {} }));
  await writeFile(join(space.folder, "m.jsonl"), lines.join("\n"));
}

/** The metadata of each photo, by its name. */
async function metadataOf(space: Workspace, ...options: readonly string[]): Promise<Readonly<Record<string, Record<string, unknown>>>> {
  const { hits } = await space.json<Stored>(0, "search", "photos/coffee.jpg", ...options);
  const given = (metadata: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null));
  return Object.fromEntries(hits.map(({ path, metadata }) => [path.replace(/.*\//, ""), given(metadata)]));
}

test("a list of labels is written beside other metadata, a second run skips all, and ingesting again changes nothing", async () => {
  await using space = await workspace();
  await placePhotos(space);
  for (const name of photos) await untilSettled(join(space.folder, "photos", name));
  await space.json(0, "ingest", "--manifest", "m.jsonl");
  const first = await space.json<Classified>(0, "classify", "--labels", "tabby cat, espresso ,missile");
  assert.deepEqual([first.read, first.stored, first.skipped], [3, 3, 0]);
  assert.deepEqual(first.labels, { "tabby cat": 1, espresso: 1, missile: 1 });
  const found = await metadataOf(space);
  assert.deepEqual(
    photos.map((name) => [found[name]!["image_label"], found[name]!["year"]]),
    [
      ["tabby cat", 2020],
      ["espresso", 2021],
      ["missile", undefined],
    ],
  );
  const second = await space.json<Classified>(0, "classify", "--labels", "tabby cat,espresso,missile");
  assert.deepEqual([second.stored, second.skipped, second.labels], [0, 3, first.labels]);
  assert.equal((await space.json<{ stored: number }>(0, "ingest", "--manifest", "m.jsonl")).stored, 0);
  assert.deepEqual(await metadataOf(space), found);
});

test("labels below the threshold are left out, and older labels with them", async () => {
  await using space = await workspace();
  await withPhotos(space, "--labels", "3");
  const dry = await space.json<Classified>(0, "classify", "--labels", "espresso", "--min-score", "0.2", "--dry-run");
  assert.deepEqual([dry.labels, dry.unlabelled], [{ espresso: 1 }, 2]);
  assert.equal((await metadataOf(space))["chelsea.jpg"]!["image_label"], "tiger cat");
  const done = await space.json<Classified>(0, "classify", "--labels", "espresso", "--min-score", "0.2");
  assert.deepEqual([done.stored, done.unlabelled], [3, 2]);
  const found = await metadataOf(space);
  assert.deepEqual(found["chelsea.jpg"], { year: 2020 });
  assert.deepEqual(Object.keys(found["coffee.jpg"]!).sort(), ["image_label", "image_label_score", "year"]);
});

test("without a list, the shipped model chooses among all its labels, and a filter chooses the rows", async () => {
  await using space = await workspace();
  await withPhotos(space);
  const { stored, labels } = await space.json<Classified>(0, "classify", "--top", "2", "--filter", "year >= 2020");
  assert.deepEqual([stored, labels], [2, { "tiger cat": 1, espresso: 1 }]);
  const found = await metadataOf(space);
  assert.equal(typeof found["coffee.jpg"]!["image_label_2"], "string");
  assert.deepEqual(found["rocket.jpg"], {});
});

test("with a CLIP, any texts of a file are labels, and a template surrounds them", async () => {
  await using space = await workspace();
  const model = ["--set", `embedder.model=${clip}`];
  await withPhotos(space, ...model);
  await writeFile(join(space.folder, "labels.txt"), "a red house\n\nsomething else\r\n猫\n");
  const classify = ["classify", "--labels-from", "labels.txt", ...model];
  const { labels, stored } = await space.json<Classified>(0, ...classify);
  assert.equal(stored, 3);
  assert.ok(Object.keys(labels).every((label) => ["a red house", "something else", "猫"].includes(label)));
  const score = async () => (await metadataOf(space, ...model))["coffee.jpg"]!["image_label_score"];
  const alone = await score();
  await space.json<Classified>(0, ...classify, "--template", "a photo of a {}");
  const inSentence = await score();
  assert.notEqual(inSentence, alone);
  await space.json<Classified>(0, ...classify, "--template", "a photo of a {}", "--template", "a drawing of a {}");
  const inBoth = await score();
  assert.notEqual(inBoth, inSentence);
  await writeFile(join(space.folder, "sentences.txt"), "a drawing of a {}\n\na photo of a {}\r\n");
  const same = await space.json<Classified>(0, ...classify, "--templates-from", "sentences.txt");
  assert.deepEqual([same.stored, same.skipped], [0, 3], "the order of the sentences does not matter");
});

/** The vectors of a collection as numpy's file has them, by the names of the photos. */
async function vectorsOf(space: Workspace): Promise<ReadonlyMap<string, Float32Array>> {
  await space.json(0, "export", "images", "--output", join(space.folder, "vectors.npy"));
  const bytes = await readFile(join(space.folder, "vectors.npy"));
  const lines = (await readFile(join(space.folder, "vectors.npy.jsonl"), "utf8")).trim().split("\n");
  const values = new Float32Array(Uint8Array.from(bytes.subarray(128)).buffer);
  const size = values.length / lines.length;
  const names = lines.map((line) => (JSON.parse(line) as { source: string }).source.replace(/.*\//, ""));
  return new Map(names.map((name, row) => [name, values.subarray(row * size, (row + 1) * size)]));
}

test("heads write a number and classes beside other labels, without images and without a model, and a second run skips all", async () => {
  await using space = await workspace();
  await placePhotos(space);
  for (const name of photos) await untilSettled(join(space.folder, "photos", name));
  await space.json(0, "ingest", "--manifest", "m.jsonl", "--labels", "1");
  const labels = await metadataOf(space);
  const vectors = await vectorsOf(space);
  await rename(join(space.folder, "photos"), join(space.folder, "away"));
  const offline = ["--set", "embedder.model=nowhere.onnx"];

  const mean = ["classify", "--head", join(heads, "mean.onnx"), "--as", "mean", ...offline];
  const preview = await space.json<Classified & { changes: number }>(0, ...mean, "--dry-run");
  assert.deepEqual([preview.changes, preview.scores?.rows], [3, 3]);
  const first = await space.json<Classified>(0, ...mean);
  assert.deepEqual([first.stored, first.labels, first.unlabelled, first.scores], [3, {}, 0, preview.scores]);
  const kinds = ["classify", "--head", join(heads, "shipped.npz"), "--as", "kind", "--top", "2", ...offline];
  const counted = await space.json<Classified>(0, ...kinds);
  assert.deepEqual([counted.stored, counted.scores], [3, null]);
  for (const again of [mean, kinds]) {
    const second = await space.json<Classified>(0, ...again);
    assert.deepEqual([second.stored, second.skipped], [0, 3]);
  }
  await space.json(0, ...kinds.filter((argument) => argument !== "--top" && argument !== "2"));

  await rename(join(space.folder, "away"), join(space.folder, "photos"));
  assert.equal((await space.json<{ stored: number }>(0, "ingest", "--manifest", "m.jsonl")).stored, 0);
  const found = await metadataOf(space);
  for (const name of photos) {
    const { image_score_mean, image_label_kind, image_label_kind_score, ...others } = found[name]!;
    assert.deepEqual(others, labels[name], "and the second best kind is gone");
    const vector = vectors.get(name)!;
    const wanted = vector.reduce((sum, value) => sum + value, 0) / vector.length;
    assert.ok(Math.abs(Number(image_score_mean) - wanted) < 1e-5);
    assert.ok(["a", "b", "c"].includes(String(image_label_kind)) && Number(image_label_kind_score) > 1 / 3);
  }
  const { count } = await space.json<{ count: number }>(0, "count", "--filter", `image_score_mean >= ${first.scores!.highest - 1e-6}`);
  assert.equal(count, 1);
});

test("what cannot be done is refused before a row is written", async () => {
  await using space = await workspace();
  await withPhotos(space);
  const before = await metadataOf(space);
  await writeFile(join(space.folder, "none.txt"), "\n\n");
  for (const [args, expected] of [
    [["--labels", "espresso,sunflower"], /word_unknown.*sunflower/],
    [["--labels", "espresso", "--template", "a photo of a {}"], /usage_invalid.*expected no template/],
    [["--labels", "espresso", "--template", "a photo"], /usage_invalid.*template with \{\}/],
    [["--labels", "espresso", "--template", "a {}", "--template", "a photo"], /usage_invalid.*template with \{\}.*"a photo"/],
    [["--labels", "espresso", "--templates-from", "none.txt"], /usage_invalid.*one sentence per line/],
    [["--head", join(heads, "mean.onnx")], /usage_invalid.*expected a name for its number/],
    [["--head", join(heads, "mean.onnx"), "--as", "Mean"], /usage_invalid.*lower-case letters/],
    [["--head", join(heads, "mean.onnx"), "--as", "mean", "--template", "a {}"], /usage_invalid.*no template with a head/],
    [["--head", join(heads, "shipped.npz"), "--labels", "a,b"], /usage_invalid.*a name for each of its 3 numbers/],
    [["--head", join(heads, "three.npz")], /dimension_mismatch.*expected vectors of 16 numbers/],
    [["--head", "nowhere.onnx", "--as", "mean"], /model_invalid.*nowhere\.onnx/],
    [["--normalize", "--labels", "espresso"], /usage_invalid.*expected a head/],
    [["--labels", "espresso", "--as", "score"], /usage_invalid.*is not "score"/],
    [["--labels", "espresso", "--top", "11"], /usage_invalid.*from 1 to 10/],
    [["--labels-from", "none.txt"], /usage_invalid.*one label per line/],
    [["--labels-from", "nowhere.txt"], /usage_invalid.*nowhere\.txt/],
    [["--set", `embedder.model=${clip}`], /usage_invalid.*list of labels/],
    [["--labels", "a cat", "--set", `embedder.model=${clip}`], /passport_missing/],
    [["--labels", "cat", "--set", "embedder.model=builtin-int8"], /passport_mismatch/],
    [["--labels", "cat", "--collection", "nowhere"], /collection_not_found/],
  ] as const) {
    const { code, stderr } = await space.run("classify", ...args);
    assert.notEqual(code, 0, args.join(" "));
    assert.match(stderr, expected);
  }
  assert.deepEqual(await metadataOf(space), before);
});
