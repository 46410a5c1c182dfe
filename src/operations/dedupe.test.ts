/** Groups of duplicates: the best row is kept, and only rows that are like this row may go. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { memoryStore } from "../adapters/memory/index.js";
import type { Collection, Key, Metadata } from "../contracts/index.js";
import { metadataHash } from "../kit/index.js";
import { type DuplicateGroup, duplicateGroups } from "./dedupe.js";

const never = new AbortController().signal;
const passport = { probes: [[1, 0]], labels: {} };

interface Stored {
  /** The direction of the vector. */
  readonly degrees: number;
  readonly content?: string;
  readonly pixels?: number;
  readonly metadata?: Metadata;
  readonly ingestedAt?: number;
}

async function collectionOf(rows: readonly Stored[]): Promise<Collection> {
  const collection = await memoryStore().create("photos", { dimension: 2, metric: "cosine", passport });
  await collection.upsert(
    {
      ids: rows.map((_, index) => idOf(index)),
      vectors: Float32Array.from(rows.flatMap(({ degrees }) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)])),
      dimension: 2,
      facts: rows.map(({ content, pixels = 1, metadata = {} }, index) => ({
        ...{ source: idOf(index), root: "", version: "1", content: content ?? idOf(index) },
        ...{ metadata, metadataHash: metadataHash(metadata), width: pixels, height: 1 },
      })),
      ingestedAt: rows.map(({ ingestedAt = 0 }) => ingestedAt),
    },
    never,
  );
  return collection;
}

/** Both ways find the same groups. */
async function groupsOf(collection: Collection, threshold: number): Promise<readonly DuplicateGroup[]> {
  const [searched, paired] = [await found(collection, threshold, "search"), await found(collection, threshold, "pairs")];
  assert.deepEqual(sorted(paired), sorted(searched));
  return searched;
}

async function found(collection: Collection, threshold: number, method: "search" | "pairs"): Promise<readonly DuplicateGroup[]> {
  const groups: DuplicateGroup[] = [];
  for await (const group of duplicateGroups(collection, { threshold, method, signal: never })) groups.push(group);
  return groups;
}

const sorted = (groups: readonly DuplicateGroup[]) => [...groups].sort((a, b) => (a.keep.id < b.keep.id ? -1 : 1));

const idOf = (index: number) => `row-${String(index).padStart(4, "0")}`;
const keys = (groups: readonly DuplicateGroup[]) => groups.map(({ keep, others }) => [keep.id, ...others.map(({ id }) => id)]);
/** Two directions that differ by 18 degrees have a cosine of 0.951. */
const threshold = 0.95;

describe("duplicate groups", () => {
  test("no row is in two groups, each is like the row to keep, and without them there are no duplicates", async () => {
    const pixels = fc.integer({ min: 1, max: 3 });
    const single = fc.record({ degrees: fc.integer({ min: 0, max: 180 }), pixels });
    // Equal bytes have equal vectors.
    const repeated = fc
      .record({ content: fc.constantFrom("0", "40", "80"), pixels })
      .map((row) => ({ ...row, degrees: Number(row.content) }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(single, repeated), { maxLength: 40 }), async (rows) => {
        const collection = await collectionOf(rows);
        const groups = await groupsOf(collection, threshold);
        const all = keys(groups).flat();
        assert.equal(new Set(all).size, all.length);
        for (const { keep, others } of groups)
          for (const { score, sameContent, width } of others) {
            assert.ok(sameContent || score >= threshold);
            assert.ok(width <= keep.width);
          }
        const ids: Key[] = groups.flatMap(({ others }) => others.map(({ id }) => id));
        await collection.delete({ ids }, never);
        assert.deepEqual(await groupsOf(collection, threshold), []);
      }),
      { numRuns: 150 },
    );
  });

  test("rows that are alike only through a third one are not deleted together", async () => {
    const collection = await collectionOf([{ degrees: 0, pixels: 9 }, { degrees: 15 }, { degrees: 30 }]);
    assert.deepEqual(keys(await groupsOf(collection, threshold)), [[idOf(0), idOf(1)]]);
  });

  test("the row to keep is not damaged, then has the most pixels, then metadata, then is the oldest", async () => {
    const best = async (a: Partial<Stored>, b: Partial<Stored>) => {
      const [group] = await groupsOf(await collectionOf([{ degrees: 0, ...a } as Stored, { degrees: 0, ...b } as Stored]), threshold);
      return group?.keep.id;
    };
    assert.equal(await best({ metadata: { image_damaged: true }, pixels: 9 }, {}), idOf(1));
    assert.equal(await best({ metadata: { label: "cat" } }, { pixels: 2 }), idOf(1));
    assert.equal(await best({ ingestedAt: 1 }, { ingestedAt: 2, metadata: { label: "cat" } }), idOf(1));
    assert.equal(await best({ ingestedAt: 2 }, { ingestedAt: 1 }), idOf(1));
    assert.equal(await best({}, {}), idOf(0));
  });

  test("of one image that is stored 2,500 times, all rows are in one group", async () => {
    const collection = await collectionOf(
      Array.from({ length: 2_500 }, (_, index) => ({ degrees: 0, content: index % 2 === 0 ? "same" : `near ${index}` })),
    );
    const [group, ...more] = await groupsOf(collection, threshold);
    assert.deepEqual([group?.others.length, more.length], [2_499, 0]);
  });
});
