/** Copies of images: each gets the vector of its bytes, whatever fails meanwhile, and nothing is embedded twice without need. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { HeadraceError, type Item, type Result, type Row, type Stage, type Tensor } from "../contracts/index.js";
import { embedOnceStage } from "./embed-once.js";

const never = new AbortController().signal;
/** A vector of two numbers, and what its entry needs. */
const vectorBytes = 8 + 400;

test("equal images of concurrent batches are embedded once, and each batch has a result for each of its items", async () => {
  const batches = fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(batches, fc.infiniteStream(fc.integer({ min: 0, max: 5 })), async (contents, delays) => {
      const model = new NaiveModel(() => delays.next().value as number);
      const { results, released, items } = await throughAll(contents, model, 100);
      assert.deepEqual(results, items.map(vectorOfContent));
      assert.deepEqual(
        released,
        items.map(() => 1),
      );
      assert.equal(model.rows, new Set(contents.flat()).size);
    }),
  );
});

test("batches that fail and are tried again end with the vectors of a naive run, with every image's memory released once", async () => {
  const batches = fc.array(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(batches, fc.array(fc.boolean(), { maxLength: 12 }), fc.integer({ min: 1, max: 3 }), async (contents, fails, kept) => {
      const model = new NaiveModel(() => 1, fails);
      const { results, released, items } = await throughAll(contents, model, kept);
      assert.deepEqual(results, items.map(vectorOfContent));
      assert.deepEqual(
        released,
        items.map(() => 1),
      );
    }),
  );
});

describe("vectors of a run", () => {
  test("20,000 copies of one picture are embedded once, and its vector is the only one that is kept", async () => {
    const model = new NaiveModel(() => 0);
    const stage = embedOnceStage(model.stage, { maxBytes: vectorBytes });
    for (let batch = 0; batch < 625; batch += 1) {
      const results = await stage.process(
        Array.from({ length: 32 }, (_, at) => itemOf(32 * batch + at, 5)),
        never,
      );
      assert.equal(results.length, 32);
    }
    assert.equal(model.rows, 1);
  });

  test("more vectors than fit are forgotten, the longest unused first", async () => {
    const model = new NaiveModel(() => 0);
    const stage = embedOnceStage(model.stage, { maxBytes: 2 * vectorBytes });
    for (const [seq, content] of [1, 2, 1, 3, 1].entries()) await stage.process([itemOf(seq, content)], never);
    assert.equal(model.rows, 3);
    await stage.process([itemOf(5, 2)], never);
    assert.equal(model.rows, 4);
  });

  test("a copy of an image that fails alone fails too", async () => {
    const stage = embedOnceStage(
      {
        name: "embed",
        process: async (batch) =>
          batch.map(({ seq }) => ({ kind: "fail", seq, error: new HeadraceError("vector_invalid", "not a number") })),
      },
      { maxBytes: vectorBytes },
    );
    const results = await stage.process([itemOf(0, 1), itemOf(1, 1)], never);
    assert.deepEqual(
      results.map((result) => [result.kind, "seq" in result ? result.seq : null]),
      [
        ["fail", 0],
        ["fail", 1],
      ],
    );
  });
});

type Released = Item<Tensor> & { readonly content: number };

/** Embeds each image by itself. */
class NaiveModel {
  rows = 0;

  constructor(
    readonly turns: () => number,
    readonly fails: boolean[] = [],
  ) {}

  readonly stage: Stage<Tensor, Row> = {
    name: "embed",
    process: async (batch) => {
      for (let turn = this.turns(); turn > 0; turn -= 1) await Promise.resolve();
      if (this.fails.shift() === true) throw new HeadraceError("embedder_unavailable", "away");
      this.rows += batch.length;
      return batch.map((item): Result<Row> => {
        item.value.release?.();
        return { kind: "ok", item: { ...item, value: { vector: vectorOf(item.value.data[0] ?? 0) } } };
      });
    },
  };
}

/** Passes the batches through the stage at the same time, each until it succeeds. */
async function throughAll(contents: readonly (readonly number[])[], model: NaiveModel, keptVectors: number) {
  const stage = embedOnceStage(model.stage, { maxBytes: keptVectors * vectorBytes });
  const released: number[] = [];
  let seq = 0;
  const batches = contents.map((batch) => batch.map((content) => itemOf(seq++, content, released)));
  const results: Float32Array[] = [];
  await Promise.all(
    batches.map(async (batch) => {
      for (const result of await untilSuccess(() => stage.process(batch, never))) {
        assert.ok(result.kind === "ok" || result.kind === "bypass");
        assert.equal(results[result.item.seq], undefined);
        results[result.item.seq] = result.item.value.vector;
      }
    }),
  );
  return { results, released, items: batches.flat() };
}

async function untilSuccess<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!HeadraceError.is(error)) throw error;
    }
  }
}

function itemOf(seq: number, content: number, released: number[] = []): Released {
  released[seq] = 0;
  const facts = {
    source: `${seq}`,
    root: "",
    version: "",
    content: `hash ${content}`,
    metadata: {},
    metadataHash: "",
    width: 1,
    height: 1,
  };
  const release = (): void => {
    released[seq] = (released[seq] ?? 0) + 1;
  };
  return { seq, id: `${seq}`, facts, bytes: 1, value: { data: Uint8Array.of(content), release }, content };
}

function vectorOfContent({ content }: Released): Float32Array {
  return vectorOf(content);
}

function vectorOf(content: number): Float32Array {
  return Float32Array.of(content, 1);
}
