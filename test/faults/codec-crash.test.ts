/** A crash inside a codec ends the whole process by a signal: decode workers are threads of it. The next run does the rest. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { makeCorpus } from "../support/corpus/corpus.js";

const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
const total = 60;
const corpusFolder = resolve(".cache", "corpus", "kill");

test("after a death by SIGSEGV, the same command skips the stored images and stores the others", { timeout: 300_000 }, async () => {
  await makeCorpus({ folder: corpusFolder, count: total, seed: 21, sizes: "vga" });
  const { ctimeMs } = await stat(join(corpusFolder, "manifest.json"));
  // Versions of files that changed less than two seconds ago are not trusted.
  await new Promise((fulfil) => setTimeout(fulfil, ctimeMs + 2_100 - Date.now()));
  const folder = await mkdtemp(join(tmpdir(), "headrace-crash-"));
  try {
    let rows = 0;
    for (let attempt = 0; attempt < 10 && (rows === 0 || rows === total); attempt += 1) {
      await rm(join(folder, "data"), { recursive: true, force: true });
      rows = await rowsAtCrash(join(folder, "data"));
    }
    assert.ok(rows > 0 && rows < total, `the crash came in the middle: ${rows} rows`);
    const { stored, skipped } = await finished(join(folder, "data"));
    assert.deepEqual({ stored, skipped }, { stored: total - rows, skipped: rows });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

function ingest(data: string) {
  const settings = [`lancedb.path=${data}`, "async_pipeline.insert_batch_size=5", "embedder.sessions=1"];
  const args = [
    "ingest",
    corpusFolder,
    "--collection",
    "photos",
    "--json",
    "--quiet",
    ...settings.flatMap((setting) => ["--set", setting]),
  ];
  return spawn(process.execPath, [command, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Sends the signal as soon as a row is there. Returns the number of rows that were stored. */
async function rowsAtCrash(data: string): Promise<number> {
  const child = ingest(data);
  const exit = once(child, "exit");
  const store = lancedbStore({ path: data });
  await store.open?.(new AbortController().signal);
  const rows = async () => (await store.list()).find(({ name }) => name === "photos")?.count ?? 0;
  try {
    while (child.exitCode === null && (await rows()) === 0) await new Promise((fulfil) => setTimeout(fulfil, 5));
    const isHit = child.kill("SIGSEGV");
    const [, signal] = await exit;
    if (isHit) assert.equal(signal, "SIGSEGV");
    return await rows();
  } finally {
    await store.close?.();
  }
}

async function finished(data: string): Promise<{ readonly stored: number; readonly skipped: number }> {
  const child = ingest(data);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await once(child, "close");
  return JSON.parse(text.trim().split("\n").at(-1) ?? "") as { readonly stored: number; readonly skipped: number };
}
