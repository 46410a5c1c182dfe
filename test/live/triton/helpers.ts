/** Small steps that the tests against a real Triton share. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { type TritonEmbedder, type TritonEmbedderOptions, tritonEmbedder } from "../../../src/adapters/triton/index.js";
import { HeadraceError, type Vectors } from "../../../src/contracts/index.js";
import type { TestModel } from "../../support/services/triton-models.js";

export const never = new AbortController().signal;

/** Takes no time, 8 × 8 pixels: what a server does when nothing but the way there matters. */
export const small = { kind: "sleeping", name: "small", baseMs: 0, rowMs: 0, dimension: 16, size: 8 } as const satisfies TestModel;

/** An open embedder for `run`, closed afterwards whatever happens. */
export async function withEmbedder<T>(options: TritonEmbedderOptions, run: (embedder: TritonEmbedder) => Promise<T>): Promise<T> {
  const embedder = tritonEmbedder(options);
  try {
    await embedder.open(never);
    return await run(embedder);
  } finally {
    await embedder.close();
  }
}

/** Embeds `rows` images, all numbers of image i being `values[i]`. */
export async function embed(embedder: TritonEmbedder, values: readonly number[], signal = never): Promise<Vectors> {
  const slab = embedder.lease(values.length);
  values.forEach((value, row) => {
    slab.bytes.fill(value, row * slab.rowBytes, (row + 1) * slab.rowBytes);
  });
  return await embedder.embed(slab, signal);
}

export async function failure(promise: Promise<unknown>): Promise<HeadraceError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(HeadraceError.is(error), String(error));
    return error;
  }
  return assert.fail("expected an error, found none");
}

/** Tries again every 100 ms until it works, as the engine does while a service is away; fails after `withinMs`. */
export async function untilItWorks<T>(attempt: () => Promise<T>, withinMs: number): Promise<T> {
  const giveUpAtMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      assert.ok(HeadraceError.is(error) && error.scope === "service", `expected only errors of scope service, found ${String(error)}`);
      if (performance.now() > giveUpAtMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Regions of a process (default: this one) that lie in /dev/shm now; tests in other processes have theirs. */
export function regions(pid: number = process.pid): readonly string[] {
  return readdirSync("/dev/shm").filter((name) => name.startsWith("headrace-") && name.includes(`-${pid}-`));
}
