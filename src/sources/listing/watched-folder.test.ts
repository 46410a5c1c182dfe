/** A watched folder is listed again when changes may have been lost. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import type { InputStream } from "./listings.js";
import { inputsOfWatch } from "./watched-folder.js";

const never = new AbortController().signal;

async function namesOf(inputs: InputStream | undefined): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { ref } of inputs?.(never) ?? []) names.push(basename(ref.location));
  return names.sort();
}

/** Tells the given changes, one after the other, and then waits for the signal. */
function watchOf(changes: readonly (readonly string[])[]) {
  const left = [...changes];
  const asked: AbortSignal[] = [];
  const next = async (signal: AbortSignal) => {
    asked.push(signal);
    const paths = left.shift();
    if (paths === undefined && !signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return { paths: paths ?? [], known: "all" as const };
  };
  return { next, asked, renew: () => Promise.resolve() };
}

test("after a burst of changes the whole folder is listed, so that an image whose change was lost is found", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-watched-"));
  const stop = new AbortController();
  // Without a timer that keeps the process alive, the test would end while it waits for silence.
  const alive = setInterval(() => undefined, 1_000);
  try {
    const names = Array.from({ length: 120 }, (_, at) => `${String(at).padStart(3, "0")}.jpg`);
    for (const name of names) await writeFile(join(folder, name), "x");
    const paths = names.map((name) => join(folder, name));
    const watch = watchOf([paths.slice(0, 60), paths.slice(60, 119)]);
    const inputs = inputsOfWatch(folder, watch, { settleMs: 1, signal: stop.signal });
    const lists = [];
    for (let list = 0; list < 4; list += 1) lists.push(await namesOf((await inputs.next()).value as InputStream));
    assert.deepEqual(
      lists.map(({ length }) => length),
      [120, 60, 59, 120],
    );
    const last = inputs.next();
    stop.abort();
    assert.deepEqual(await last, { done: true, value: undefined });
    assert.equal(watch.asked.length, 4);
  } finally {
    clearInterval(alive);
    await rm(folder, { recursive: true });
  }
});

test("after single changes the folder is not listed again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-watched-"));
  const stop = new AbortController();
  try {
    await writeFile(join(folder, "a.jpg"), "x");
    const watch = watchOf([[join(folder, "a.jpg")]]);
    const inputs = inputsOfWatch(folder, watch, { settleMs: 1, signal: stop.signal });
    for (let list = 0; list < 2; list += 1) assert.deepEqual(await namesOf((await inputs.next()).value as InputStream), ["a.jpg"]);
    const last = inputs.next();
    stop.abort();
    assert.deepEqual(await last, { done: true, value: undefined });
  } finally {
    await rm(folder, { recursive: true });
  }
});
