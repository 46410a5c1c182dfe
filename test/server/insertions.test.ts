/** Insertions that arrive together become one write; each is answered for itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DescribedInput, type ImageEmbeddingPipeline, type InsertOptions, sentRef } from "../../src/app/index.js";
import { HeadraceError, type Outcome } from "../../src/contracts/index.js";
import { Insertions } from "../../src/server/insertions/insertions.js";
import { base64, damaged, TestServer } from "./running.js";

const calm = { signal: new AbortController().signal, spans: [] };

interface HeldRun {
  readonly inputs: readonly DescribedInput[];
  readonly signal: AbortSignal;
  settle(index: number, kind?: "stored" | "skipped"): void;
  end(error?: unknown): void;
}

/** A pipeline whose runs end when the test says so. */
class HeldPipeline {
  readonly runs: HeldRun[] = [];
  #onBegun: () => void = () => undefined;

  /** Resolves when so many runs have begun. */
  async begun(count: number): Promise<void> {
    while (this.runs.length < count) {
      await new Promise<void>((resolve) => {
        this.#onBegun = resolve;
      });
    }
  }

  async countIds(): Promise<number> {
    return 0;
  }

  insertImagesAsync({ inputs, observer, signal = calm.signal }: InsertOptions): ReturnType<ImageEmbeddingPipeline["insertImagesAsync"]> {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      const given = inputs as readonly DescribedInput[];
      this.runs.push({
        inputs: given,
        signal,
        settle: (seq, kind = "stored") => {
          const outcome = { kind, seq, id: String(given[seq]?.id), reused: false } as unknown as Outcome;
          observer?.({ kind: "item-settled", outcome });
        },
        end: (error) => (error === undefined ? resolve(undefined as never) : reject(error)),
      });
      this.#onBegun();
    });
  }
}

const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));
const imageOf = (id: string, byte = id.charCodeAt(0)) => ({ input: sentRef(Uint8Array.of(byte)), id });
const idsOf = ({ runs }: HeldPipeline) => runs.map(({ inputs }) => inputs.map(({ id }) => id));

test("insertions that come while rows are written share the next run, and each is answered when its own rows are stored", async () => {
  const pipeline = new HeldPipeline();
  const insertions = new Insertions(pipeline);
  const insert = (...ids: string[]) =>
    insertions.insert(
      "pets",
      ids.map((id) => imageOf(id)),
      calm,
    );
  const first = insert("a");
  await pipeline.begun(1);
  const [second, third] = [insert("b"), insert("c", "d")];
  assert.deepEqual(idsOf(pipeline), [["a"]]);
  pipeline.runs[0]!.settle(0);
  assert.deepEqual(await first, [{ id: "a", status: "stored", error: null }]);
  await pipeline.begun(2);
  assert.deepEqual(idsOf(pipeline), [["a"], ["b", "c", "d"]], "the next run does not wait for the upkeep of the one before");
  pipeline.runs[1]!.settle(2, "skipped");
  pipeline.runs[1]!.settle(1);
  assert.deepEqual(
    (await third).map(({ status }) => status),
    ["stored", "unchanged"],
  );
  pipeline.runs[1]!.settle(0);
  await second;
  for (const run of pipeline.runs) run.end();
  await insertions.idle();
});

for (const { client, comes, runs } of [
  { client: "comes again", comes: true, runs: [["a"], ["b", "c", "d"]] },
  { client: "does not come again", comes: false, runs: [["a"], ["b", "c"]] },
]) {
  test(`the next run waits for a client that was just answered, for a short time: it ${client}`, async ({ mock }) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const pipeline = new HeldPipeline();
    const insertions = new Insertions(pipeline);
    const insert = (id: string) => insertions.insert("pets", [imageOf(id)], calm);
    const first = insert("a");
    await pipeline.begun(1);
    const others = [insert("b"), insert("c")];
    pipeline.runs[0]!.settle(0);
    await first;
    await nextTurn();
    assert.deepEqual(idsOf(pipeline), [["a"]]);
    if (comes) others.push(insert("d"));
    else mock.timers.tick(50);
    await pipeline.begun(2);
    assert.deepEqual(idsOf(pipeline), runs);
    pipeline.runs[1]!.inputs.forEach((_, index) => void pipeline.runs[1]!.settle(index));
    await Promise.all(others);
    await nextTurn();
    mock.timers.tick(50);
    for (const run of pipeline.runs) run.end();
    await insertions.idle();
  });
}

test("two insertions with the same id or the same image are written one after the other, in their order", async () => {
  const pipeline = new HeldPipeline();
  const insertions = new Insertions(pipeline);
  const answers = [imageOf("a"), imageOf("b", 1), imageOf("b", 2), imageOf("c", 2), imageOf("d", 1)].map((each) =>
    insertions.insert("pets", [each], calm),
  );
  for (let run = 0; run < 4; run += 1) {
    await pipeline.begun(run + 1);
    pipeline.runs[run]?.inputs.forEach((_, index) => void pipeline.runs[run]?.settle(index));
    pipeline.runs[run]?.end();
  }
  await Promise.all(answers);
  assert.deepEqual(idsOf(pipeline), [["a"], ["b"], ["b", "d"], ["c"]]);
});

test("a run that fails rejects the insertions that are not complete, and the next run starts", async () => {
  const pipeline = new HeldPipeline();
  const insertions = new Insertions(pipeline);
  const answers = ["a", "b", "c"].map((id) => insertions.insert("pets", [imageOf(id)], calm));
  await pipeline.begun(1);
  pipeline.runs[0]!.settle(0);
  await pipeline.begun(2);
  pipeline.runs[1]!.settle(0);
  pipeline.runs[1]!.end(new HeadraceError("store_unavailable", "away"));
  assert.equal((await answers[1])?.length, 1);
  await assert.rejects(answers[2]!, { code: "store_unavailable" });
  const next = insertions.insert("pets", [imageOf("d")], calm);
  await pipeline.begun(3);
  pipeline.runs[2]!.settle(0);
  await next;
  for (const run of pipeline.runs) run.end();
  await insertions.idle();
});

test("a client that goes away leaves the others alone; a run for which nobody waits is aborted", async () => {
  const pipeline = new HeldPipeline();
  const insertions = new Insertions(pipeline);
  const [a, b] = [new AbortController(), new AbortController()];
  const first = insertions.insert("pets", [imageOf("x")], calm);
  await pipeline.begun(1);
  const answers = [
    insertions.insert("pets", [imageOf("a")], { signal: a.signal, spans: [] }),
    insertions.insert("pets", [imageOf("b")], { signal: b.signal, spans: [] }),
  ];
  pipeline.runs[0]!.settle(0);
  await first;
  await pipeline.begun(2);
  a.abort(new HeadraceError("aborted", "gone"));
  await assert.rejects(answers[0]!, { code: "aborted" });
  assert.equal(pipeline.runs[1]!.signal.aborted, false);
  b.abort(new HeadraceError("aborted", "gone"));
  await assert.rejects(answers[1]!, { code: "aborted" });
  assert.equal(pipeline.runs[1]!.signal.aborted, true);
  pipeline.runs[0]!.end();
  await insertions.idle();
});

test("fifty clients insert, replace and fail at the same time: each answer and each row is right", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  const insert = (images: readonly object[]) => server.post("/v1/collections/pets/images", { images });
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => {
      if (index % 5 === 0)
        return insert([
          { base64: damaged, id: `bad-${index}` },
          { base64: base64(index), id: `id-${index}` },
        ]);
      return insert([{ base64: base64(index % 10), metadata: { index } }]);
    }),
  );
  answers.forEach(({ status, body }, index) => {
    assert.equal(status, 200);
    if (index % 5 === 0)
      assert.deepEqual([body.stored, body.failed, body.items[0].problem.code, body.items[1].id], [1, 1, "image_corrupt", `id-${index}`]);
    else assert.deepEqual([body.stored + body.unchanged, body.failed], [1, 0], JSON.stringify(body));
  });
  // Ten with their own ids; and of the other images, eight different ones.
  assert.equal((await server.get("/v1/collections/pets")).body.count, 10 + 8);
  const missing = await server.post("/v1/collections/none/images", { images: [{ base64: base64(1) }] });
  assert.deepEqual([missing.status, missing.body.code], [404, "collection_not_found"]);
});
