/** Fails the first, second, third … call to the outside, or each fifth one, until a run meets no failure: the numbers always add up, the next run completes. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import type { Chain } from "../../src/chain/index.js";
import { type Encoded, HeadraceError, type IngestInput, type Reader, type RunReport } from "../../src/contracts/index.js";
import { ingest } from "../../src/operations/index.js";
import { DeadLetters } from "../../src/sources/failures/dead-letters.js";
import { extent } from "../support/extent.js";

const outsideCalls = ["read", "decode", "embed", "upsert", "known", "dead-letter write"] as const;
type OutsideCall = (typeof outsideCalls)[number];
type Fault = (call: OutsideCall) => void;

const damaged = new Set([3, 17]);
const total = 40;

for (const call of outsideCalls) {
  for (const [kind, makeError] of [
    ["a retryable error", () => new HeadraceError("timed_out", "planted")],
    ["a service that is away", () => new HeadraceError("store_unavailable", "planted", { retryAfterMs: 1 })],
    ["an error that ends the run", () => new HeadraceError("disk_full", "planted")],
    ["something unknown", () => new TypeError("planted")],
  ] as const) {
    for (const schedule of ["overlapped", "sequential"] as const) {
      test(`${call} number n fails with ${kind}, ${schedule}`, async () => {
        let hits = 0;
        for (let n = 1; n <= 200; n += extent({ some: 5, all: 1 })) {
          const fault = failOnce(call, n, makeError);
          const reached = await runTwice(fault.plant, schedule);
          if (!fault.wasHit()) {
            assert.ok(reached.report.ended === "completed", "a run without a failure completes");
            assert.ok(hits >= 1, `${call} was never reached`);
            return;
          }
          hits += 1;
        }
        assert.fail("the calls never end");
      });
    }
  }
}

function failOnce(wanted: OutsideCall, n: number, makeError: () => Error): { readonly plant: Fault; readonly wasHit: () => boolean } {
  let seen = 0;
  return {
    plant: (call) => {
      if (call !== wanted) return;
      seen += 1;
      if (seen === n) throw makeError();
    },
    wasHit: () => seen >= n,
  };
}

/** A run with the fault, then one without: afterwards the collection is that of an undisturbed run. */
async function runTwice(fault: Fault, schedule: "overlapped" | "sequential"): Promise<{ readonly report: RunReport }> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-faults-"));
  try {
    let plant: Fault | null = fault;
    const store = memoryStore({
      beforeCall: (call) => {
        if (call === "upsert" || call === "known") plant?.(call);
      },
    });
    const collection = await store.create("c", { dimension: 16, metric: "cosine", passport: null });
    const setting = { collection, schedule, path: join(folder, "dead.jsonl"), plant: (call: OutsideCall) => plant?.(call) };
    const report = await runOnce(setting);
    assert.equal(report.read, report.stored + report.skipped + report.failed + report.abandoned);
    const rows = await collection.count();
    const mayBeThere = report.stored + report.abandoned;
    assert.ok(
      report.stored <= rows && rows <= mayBeThere,
      `${rows} rows, ${report.stored} reported as stored, ${report.abandoned} as abandoned`,
    );
    plant = null;
    const next = await runOnce(setting);
    assert.equal(next.ended, "completed");
    assert.deepEqual([next.read, next.failed, next.stored + next.skipped], [total, damaged.size, total - damaged.size]);
    assert.equal(await collection.count(), total - damaged.size);
    return { report };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Setting {
  readonly collection: Parameters<typeof ingest>[0]["collection"];
  readonly schedule: "overlapped" | "sequential";
  readonly path: string;
  readonly plant: Fault;
}

async function runOnce({ collection, schedule, path, plant }: Setting): Promise<RunReport> {
  const decoder = memoryDecoder();
  const chain: Chain = {
    decoder: {
      name: "decoder",
      measure: (image) => decoder.measure(image),
      decode: async (image, geometry, signal) => {
        plant("decode");
        return decoder.decode(image, geometry, signal);
      },
    },
    preprocessor: null,
    embedder: memoryEmbedder({ work: async () => plant("embed") }),
    preprocessing: {
      name: "test",
      geometry: { kind: "squash", width: 8, height: 8, filter: "bicubic" },
      normalization: null,
      output: { dtype: "uint8", layout: "NHWC", width: 8, height: 8 },
    },
    normalize: "l2",
  };
  const deadLetters = await DeadLetters.open(path);
  const run = ingest({
    name: "list",
    inputs: (stop) => inputs(stop),
    collection,
    lookups: "include",
    damaged: "refuse",
    preprocess: "omit",
    readers: [faultyReader(plant)],
    ready: async () => chain,
    readyAndChecked: async () => chain,
    checkStore: async () => undefined,
    maxFileBytes: 1_000,
    reserveBytes: 8 * 8 * 3,
    lanes: {
      numWorkers: 2,
      preprocessWorkers: 2,
      imagesPerDecodeWorker: 1,
      embedParallel: 2,
      embedBatch: 4,
      preprocessBatch: 8,
      insertBatchSize: 5,
      insertLingerMs: 500,
      insertMaxBytes: 1_000_000,
      queueMaxsize: 8,
      retry: { attempts: 2, baseDelayMs: 1 },
    },
    writers: 2,
    batchesPerWriter: 1,
    settle: async (outcome) => {
      if (outcome.kind === "failed") plant("dead-letter write");
      await deadLetters.settle(outcome);
    },
    options: { schedule, sequentialBatch: 8, maxOutageMs: 2_000 },
  });
  const report = await run.done;
  await deadLetters.finish();
  return report;
}

function faultyReader(plant: Fault): Reader {
  return {
    name: "reader",
    schemes: ["test"],
    read: async (ref): Promise<Encoded> => {
      plant("read");
      const index = Number(ref.location);
      return { bytes: damaged.has(index) ? new Uint8Array([0xff, index]) : new Uint8Array([index, 1, 2, 3]), version: "1" };
    },
  };
}

async function* inputs(stop: AbortSignal): AsyncGenerator<IngestInput> {
  for (let index = 0; index < total && !stop.aborted; index += 1) {
    const uri = `test:${index}`;
    yield {
      id: uri,
      ref: { uri, location: String(index), scheme: "test", root: "test:", version: "1", sizeBytes: 4, metadata: {} },
    };
  }
}
