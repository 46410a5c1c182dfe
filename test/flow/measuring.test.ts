/** `bench`, `plan` and `tune`: they measure on the user's own images and leave nothing behind. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { before, test } from "node:test";
import { makeCorpus } from "../support/corpus/corpus.js";
import { type Workspace, workspace } from "./command.js";

const corpusFolder = resolve(".cache", "corpus", "flow");
const photo = resolve("test", "fidelity", "golden", "coffee.jpg");

before(() => makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" }));

interface Measured {
  readonly imagesPerSecond: number;
  readonly gpuBusy: number | null;
  readonly stages: readonly { readonly name: string; readonly p50Ms: number; readonly p99Ms: number }[];
}

test("bench measures both schedules, draws them, and leaves the collections as they were", async () => {
  await using space = await workspace();
  await space.json(0, "ingest", photo);
  const { rounds, scenarios } = await space.json<{
    rounds: number;
    scenarios: readonly { name: string; images: number; ratio: number; async: Measured; sync: Measured }[];
  }>(0, "bench", corpusFolder, "--sample", "20", "--rounds", "1", "--picture", "lanes.svg");
  const [scenario] = scenarios;
  assert.ok(scenario !== undefined);
  assert.deepEqual([rounds, scenarios.length, scenario.name, scenario.images], [1, 1, "configured", 20]);
  assert.ok(Math.abs(scenario.ratio - scenario.async.imagesPerSecond / scenario.sync.imagesPerSecond) < 0.01);
  for (const { gpuBusy, stages } of [scenario.async, scenario.sync]) {
    assert.equal(gpuBusy, null);
    assert.deepEqual(
      stages.map(({ name }) => name),
      ["known", "read", "decode", "embed", "store"],
    );
    assert.ok(stages.every(({ p50Ms, p99Ms }) => p50Ms <= p99Ms));
  }
  const picture = await readFile(join(space.folder, "lanes.svg"), "utf8");
  assert.match(picture, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.equal(picture.match(/>decode</g)?.length, 2);
  assert.doesNotMatch(picture, /NaN|undefined|href|url\(/);
  await assertUntouched(space);
});

test("plan reckons from a sample, and leaves the collections as they were", async () => {
  await using space = await workspace();
  await space.json(0, "ingest", photo);
  const plan = await space.json<{
    images: number;
    seconds: number;
    diskBytes: number;
    memoryBytes: number;
    sampled: number;
    imagesPerSecond: number;
  }>(0, "plan", corpusFolder, "--images", "1000000", "--sample", "20");
  assert.deepEqual([plan.images, plan.sampled], [1_000_000, 20]);
  assert.equal(plan.seconds, Math.ceil(1_000_000 / plan.imagesPerSecond));
  assert.equal(plan.diskBytes, 1_000_000 * (1280 * 4 + 400));
  assert.ok(plan.memoryBytes > 50e6);
  await assertUntouched(space);
});

interface Step {
  readonly settings: Readonly<Record<string, number>>;
  readonly imagesPerSecond: number;
}

test("tune measures settings, prints the best of them, and leaves the collections as they were", async () => {
  await using space = await workspace();
  await space.json(0, "ingest", photo);
  const { best, settings, yaml, server, tried } = await space.json<{
    best: Step;
    settings: Readonly<Record<string, Readonly<Record<string, number>>>>;
    yaml: string;
    server: readonly string[];
    tried: readonly Step[];
  }>(0, "tune", corpusFolder, "--sample", "12", "--max-runs", "4", "--set", "embedder.sessions=1");
  assert.equal(tried.length, 4);
  assert.equal(tried[0]?.settings["embedder.sessions"], 1);
  assert.equal(new Set(tried.map((step) => JSON.stringify(step.settings))).size, 4);
  assert.ok(tried.some((step) => JSON.stringify(step) === JSON.stringify(best)));
  for (const [section, values] of Object.entries(settings)) {
    for (const [key, value] of Object.entries(values)) {
      assert.equal(best.settings[`${section}.${key}`], value);
      assert.match(yaml, new RegExp(`^${section}:\\n(  .*\\n)*  ${key}: ${value}$`, "m"));
    }
  }
  assert.deepEqual(server, []);
  const refused = await space.json<{ error: { code: string; message: string } }>(
    2,
    "tune",
    corpusFolder,
    "--sample",
    "4",
    "--max-runs",
    "1",
    "--max-memory",
    "1",
  );
  assert.match(refused.error.message, /expected at most 1 MB, found \d+ MB/);
  await assertUntouched(space);
});

test("a sample without images is wrong usage, and leaves nothing behind", async () => {
  await using space = await workspace();
  const { error } = await space.json<{ error: { code: string } }>(2, "plan", resolve("test", "config"), "--images", "10");
  assert.equal(error.code, "input_invalid");
  assert.deepEqual(await trialsIn(space), []);
});

async function assertUntouched(space: Workspace): Promise<void> {
  const { collections } = await space.json<{ collections: readonly { name: string; count: number }[] }>(0, "collection", "list");
  assert.deepEqual(
    collections.map(({ name, count }) => [name, count]),
    [["images", 1]],
  );
  assert.deepEqual(await trialsIn(space), []);
}

async function trialsIn({ folder }: Workspace): Promise<readonly string[]> {
  return (await readdir(folder, { recursive: true })).filter((name) => name.includes("trial"));
}
