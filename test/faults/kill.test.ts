import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import type { StoredRow } from "../../src/contracts/index.js";
import { makeCorpus } from "../support/corpus/corpus.js";
import { extent } from "../support/extent.js";

const script = fileURLToPath(new URL("./killed-run.js", import.meta.url));
const total = 60;
const corpusFolder = resolve(".cache", "corpus", "kill");

const points = ["after read", "after decode", "after inference", "before upsert", "after upsert", "during upkeep"] as const;

test("a run killed at any named point is completed by the same command, to the very rows of an undisturbed one", {
  timeout: 600_000,
}, async () => {
  await makeSettledCorpus();
  const folder = await mkdtemp(join(tmpdir(), "headrace-kill-"));
  try {
    const undisturbed = await rowsAfter(join(folder, "reference"));
    assert.equal(undisturbed.length, total);
    for (const point of points) {
      const data = join(folder, point.replaceAll(" ", "-"));
      const nth = {
        "before upsert": 3,
        "after upsert": 3,
        "after inference": 8,
        "during upkeep": 1,
        "after read": 25,
        "after decode": 25,
      }[point];
      const signal = await ended(start(data, point, nth));
      assert.equal(signal, "SIGKILL", `${point} was reached`);
      assert.deepEqual(await rowsAfter(data), undisturbed, `rows after a kill ${point}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

const kills = extent({ some: 3, all: 20 });

test("kills at random moments lose nothing and store nothing twice", { timeout: 900_000 }, async (context) => {
  await makeSettledCorpus();
  const folder = await mkdtemp(join(tmpdir(), "headrace-kill-"));
  const seed = Number(process.env.HEADRACE_TEST_SEED ?? Date.now() % 1_000_000);
  context.diagnostic(`seed ${seed}`);
  try {
    const undisturbed = await rowsAfter(join(folder, "reference"));
    let inTheMiddle = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const data = join(folder, `random-${kill}`);
      const child = start(data, "never", 1);
      const rows = await killAtRows(child, data, 1 + Math.floor(random(seed + kill) * (total - 15)));
      if (rows > 0 && rows < total) inTheMiddle += 1;
      assert.deepEqual(await rowsAfter(data), undisturbed, `seed ${seed}, kill ${kill} at ${rows} rows`);
      await rm(data, { recursive: true, force: true });
    }
    context.diagnostic(`${inTheMiddle} of ${kills} kills hit with 0 < rows < ${total}`);
    assert.ok(inTheMiddle >= kills / 2, `${inTheMiddle} of ${kills} kills hit in the middle`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Versions of files that changed less than two seconds ago are not trusted. */
async function makeSettledCorpus(): Promise<void> {
  await makeCorpus({ folder: corpusFolder, count: total, seed: 21, sizes: "vga" });
  const { ctimeMs } = await stat(join(corpusFolder, "manifest.json"));
  const leftMs = ctimeMs + 2_100 - Date.now();
  if (leftMs > 0) await new Promise((fulfil) => setTimeout(fulfil, leftMs));
}

function start(data: string, point: string, nth: number): ChildProcess {
  return spawn(process.execPath, [script, corpusFolder, data, point, String(nth)], { stdio: ["ignore", "ignore", "inherit"] });
}

function ended(child: ChildProcess): Promise<NodeJS.Signals | number | null> {
  return new Promise((fulfil) => child.once("exit", (code, signal) => fulfil(signal ?? code)));
}

/** Kills the process as soon as so many rows are there; says how many there were. */
async function killAtRows(child: ChildProcess, data: string, wanted: number): Promise<number> {
  const exit = ended(child);
  let isRunning = true;
  void exit.then(() => {
    isRunning = false;
  });
  const store = lancedbStore({ path: data });
  await store.open?.(new AbortController().signal);
  try {
    while (isRunning) {
      const rows = (await store.list()).find(({ name }) => name === "photos")?.count ?? 0;
      if (rows >= wanted) break;
      await new Promise((fulfil) => setTimeout(fulfil, 5));
    }
    child.kill("SIGKILL");
    await exit;
    return (await store.list()).find(({ name }) => name === "photos")?.count ?? 0;
  } finally {
    await store.close?.();
  }
}

/** All rows in the order of their keys, after the command has been run to its end; without the time of writing. */
async function rowsAfter(data: string): Promise<readonly object[]> {
  assert.equal(await ended(start(data, "never", 1)), 0);
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: data } }), { parts: "lazy" });
  const rows: StoredRow[] = [];
  for await (const batch of pipeline.scan("photos", { vectors: "include" })) rows.push(...batch);
  return rows
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, facts, vector }) => ({ id, facts, vector: vector === null ? null : [...vector].map((value) => Math.fround(value)) }));
}

function random(seed: number): number {
  const x = Math.sin(seed * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}
