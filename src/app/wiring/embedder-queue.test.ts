import assert from "node:assert/strict";
import { test } from "node:test";
import { type Embedder, HeadraceError, type Slab, type Vectors } from "../../contracts/index.js";
import { plainSlab } from "../../kit/index.js";
import { EmbedderQueue } from "./embedder-queue.js";

const calm = new AbortController().signal;

interface Call {
  readonly rows: readonly number[];
  readonly signal: AbortSignal;
  finish(): void;
  fail(error: Error): void;
}

/** The vector of a row is the number in the row. Each call ends when the test says so. */
class HeldEmbedder implements Embedder {
  readonly name = "held";
  readonly label = "held";
  readonly dimension = 1;
  readonly input = { dtype: "uint8", layout: "NHWC", width: 1, height: 1 } as const;
  readonly calls: Call[] = [];
  readonly released: number[] = [];

  constructor(readonly feed = { preferredBatch: 4, maxBatch: 8, parallel: 1 }) {}

  async check(): Promise<void> {}

  lease(rows: number): Slab {
    return { ...plainSlab(rows, 3), release: () => void this.released.push(rows) };
  }

  embed({ bytes, rows, rowBytes }: Slab, signal: AbortSignal): Promise<Vectors> {
    const numbers = Array.from({ length: rows }, (_, row) => bytes[row * rowBytes] ?? -1);
    return new Promise((resolve, reject) => {
      const finish = (): void => resolve({ dimension: 1, values: Float32Array.from(numbers) });
      this.calls.push({ rows: numbers, signal, finish, fail: reject });
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  }
}

function send(embedder: Embedder, numbers: readonly number[], signal = calm): Promise<readonly number[]> {
  const slab = embedder.lease(numbers.length);
  numbers.forEach((number, row) => {
    slab.bytes[row * slab.rowBytes] = number;
  });
  return embedder.embed(slab, signal).then(({ values }) => [...values]);
}

const noCalls = { longestWaitMs: 0 };
const lateCalls = { longestWaitMs: 1_000 };
const queueOf = (held: HeldEmbedder, calls = noCalls) => new EmbedderQueue(held, () => held.feed.parallel, calls);
const rowsOfCalls = ({ calls }: HeldEmbedder) => calls.map(({ rows }) => rows);
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

test("the first request goes at once; those that come meanwhile share the next batch, and each gets its own vectors", async () => {
  const held = new HeldEmbedder();
  const { forRequests } = queueOf(held);
  const answers = [[1], [2], [3, 4]].map((numbers) => send(forRequests, numbers));
  assert.deepEqual(rowsOfCalls(held), [[1]]);
  held.calls[0]!.finish();
  await settled();
  assert.deepEqual(rowsOfCalls(held), [[1], [2, 3, 4]]);
  held.calls[1]!.finish();
  assert.deepEqual(await Promise.all(answers), [[1], [2], [3, 4]]);
});

test("a batch has at most the preferred number of rows, unless one request alone has more", async () => {
  const held = new HeldEmbedder();
  const { forRequests } = queueOf(held);
  const answers = [[0], [1, 2, 3], [4, 5], [6, 7, 8, 9, 10, 11], [12]].map((numbers) => send(forRequests, numbers));
  for (let call = 0; call < 5; call += 1) {
    held.calls[call]?.finish();
    await settled();
  }
  assert.deepEqual(rowsOfCalls(held), [[0], [1, 2, 3], [4, 5], [6, 7, 8, 9, 10, 11], [12]]);
  assert.equal((await Promise.all(answers)).flat().length, 13);
});

test("full batches of requests run beside each other; an incomplete one waits for the other incomplete one", async () => {
  const held = new HeldEmbedder({ preferredBatch: 2, maxBatch: 8, parallel: 3 });
  const { forRequests } = queueOf(held);
  const answers = [[1], [2], [3], [4], [5], [6]].map((numbers) => send(forRequests, numbers));
  assert.deepEqual(rowsOfCalls(held), [[1], [2, 3], [4, 5]]);
  held.calls[1]!.finish();
  await settled();
  assert.equal(held.calls.length, 3);
  held.calls[0]!.finish();
  await settled();
  assert.deepEqual(held.calls[3]?.rows, [6]);
  for (const { finish } of held.calls) finish();
  await Promise.all(answers);
});

test("requests go before the batches of runs that wait, and every fifth batch is one of a run", async () => {
  const held = new HeldEmbedder();
  const { forRequests, forRuns } = queueOf(held);
  const runs = [100, 101, 102].map((number) => send(forRuns, [number]));
  const requests = [1, 2, 3, 4, 5, 6].map((number) => send(forRequests, [number, number, number, number]));
  for (let call = 0; call < 9; call += 1) {
    await settled();
    held.calls[call]?.finish();
  }
  assert.deepEqual(
    held.calls.map(({ rows }) => rows[0]),
    [100, 1, 2, 3, 4, 101, 5, 6, 102],
  );
  await Promise.all([...runs, ...requests]);
});

test("an aborted request leaves the queue, and leaves others of its batch alone; a batch that nobody waits for is aborted", async () => {
  const held = new HeldEmbedder();
  const { forRequests, forRuns } = queueOf(held);
  const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
  const running = [send(forRequests, [1], first.signal), send(forRequests, [2], second.signal), send(forRequests, [3])];
  const run = send(forRuns, [4], third.signal);
  second.abort(new HeadraceError("aborted", "gone"));
  third.abort(new HeadraceError("aborted", "gone"));
  await assert.rejects(running[1]!, { code: "aborted" });
  await assert.rejects(run, { code: "aborted" });
  assert.deepEqual(held.released, [1], "the batch of the run");
  first.abort(new HeadraceError("aborted", "gone"));
  await assert.rejects(running[0]!, { code: "aborted" });
  assert.equal(held.calls[0]!.signal.aborted, true);
  await settled();
  held.calls[1]!.finish();
  assert.deepEqual(await running[2], [3]);
  assert.deepEqual(rowsOfCalls(held), [[1], [3]]);
});

test("the error of a batch reaches each of its requests, and the next batch starts", async () => {
  const held = new HeldEmbedder();
  const { forRequests } = queueOf(held);
  const answers = [1, 2, 3].map((number) => send(forRequests, [number]));
  held.calls[0]!.finish();
  await settled();
  held.calls[1]!.fail(new HeadraceError("inference_failed", "no"));
  await assert.rejects(answers[1]!, { code: "inference_failed" });
  await assert.rejects(answers[2]!, { code: "inference_failed" });
  const next = send(forRequests, [4]);
  held.calls[2]!.finish();
  assert.deepEqual(await next, [4]);
});

test("while calls are late, runs have one batch in work and pause after it; requests do not pause", async () => {
  const held = new HeldEmbedder({ preferredBatch: 4, maxBatch: 8, parallel: 3 });
  const { forRequests, forRuns } = queueOf(held, lateCalls);
  const runs = [100, 101].map((number) => send(forRuns, [number]));
  await new Promise((resolve) => void setTimeout(resolve, 20));
  held.calls[0]!.finish();
  const endedMs = performance.now();
  await runs[0];
  const request = send(forRequests, [1]);
  assert.deepEqual(rowsOfCalls(held), [[100], [1]]);
  held.calls[1]!.finish();
  await request;
  while (held.calls.length < 3) await settled();
  assert.ok(performance.now() - endedMs >= 100, "several times as long as the batch");
  held.calls[2]!.finish();
  assert.deepEqual(await Promise.all(runs), [[100], [101]]);
});

test("without late calls, runs have as many batches in work as the embedder takes, without a pause", async () => {
  const held = new HeldEmbedder({ preferredBatch: 4, maxBatch: 8, parallel: 2 });
  const { forRuns } = queueOf(held);
  const runs = [100, 101, 102].map((number) => send(forRuns, [number]));
  await settled();
  assert.deepEqual(rowsOfCalls(held), [[100], [101]]);
  held.calls[0]!.finish();
  await runs[0];
  await settled();
  assert.deepEqual(rowsOfCalls(held), [[100], [101], [102]]);
  for (const { finish } of held.calls) finish();
  await Promise.all(runs);
});
