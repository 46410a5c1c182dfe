/** Deleting rows of images that are gone: exactly these, and no label is lost. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { memoryStore } from "../adapters/memory/index.js";
import { type Collection, HeadraceError, type ImageRef, type Metadata } from "../contracts/index.js";
import { keyOf, metadataHash } from "../kit/index.js";
import { ListedSources } from "./listed-sources.js";
import { Arrivals, checkPrune, countMissing, prune } from "./prune.js";

const never = new AbortController().signal;
const passport = { probes: [[1, 0]], labels: {} };

interface Stored {
  readonly source: string;
  readonly root: string;
  readonly content: string;
  readonly metadata: Metadata;
}

async function collectionOf(rows: readonly Stored[]): Promise<Collection> {
  const collection = await memoryStore().create("photos", { dimension: 2, metric: "cosine", passport });
  await collection.upsert(
    {
      ids: rows.map(({ source }) => keyOf(source)),
      vectors: Float32Array.from(rows.flatMap((_, row) => [1, row])),
      dimension: 2,
      facts: rows.map((row) => ({ ...row, version: "1", metadataHash: metadataHash(row.metadata), width: 1, height: 1 })),
      ingestedAt: rows.map(() => 5),
    },
    never,
  );
  return collection;
}

async function listed(sources: readonly string[], root = "r"): Promise<ListedSources> {
  const remembered = new ListedSources();
  const inputs = (async function* () {
    for (const uri of sources) {
      const ref: ImageRef = { uri, location: uri, scheme: "file", root, version: "1", sizeBytes: 1, metadata: null };
      yield { id: keyOf(uri), ref };
    }
  })();
  for await (const _ of remembered.remember(inputs));
  return remembered;
}

async function rowsOf(collection: Collection): Promise<readonly Stored[]> {
  const found: Stored[] = [];
  for await (const rows of collection.scan({ vectors: "omit" })) {
    for (const { facts } of rows) found.push({ source: facts.source, root: facts.root, content: facts.content, metadata: facts.metadata });
  }
  return found;
}

describe("prune", () => {
  const name = fc.integer({ min: 0, max: 12 }).map((number) => `r/${number}`);
  const row = fc.record({
    source: name,
    root: fc.constantFrom("r", "r/2024", "r/0", "elsewhere", "r-other"),
    content: fc.constantFrom("a", "b", "c"),
    metadata: fc.constantFrom<Metadata>({}, { label: "x" }, { label: "y" }),
  });

  test("deletes exactly the rows below the listed roots whose image is not listed, and each label finds its picture again", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(row, { selector: ({ source }) => source, maxLength: 12 }),
        fc.uniqueArray(name, { minLength: 1 }),
        async (rows, sources) => {
          const collection = await collectionOf(rows);
          const remembered = await listed(sources);
          const isGone = ({ source, root }: Stored) => (root === "r" || root.startsWith("r/")) && !sources.includes(source);
          const counts = await countMissing(collection, remembered, new Arrivals(), never);
          const deleted = await prune(collection, remembered, never);
          const gone = rows.filter(isGone);
          assert.deepEqual([deleted, counts.missing], [gone.length, gone.length]);
          const left = await rowsOf(collection);
          const expected = rows.filter((each) => !isGone(each)).map(({ source }) => source);
          assert.deepEqual(left.map(({ source }) => source).sort(), expected.sort());
          for (const { content } of gone.filter(({ metadata }) => "label" in metadata)) {
            const heirs = left.filter((each) => each.content === content && sources.includes(each.source));
            assert.ok(heirs.every(({ metadata }) => "label" in metadata));
          }
          assert.equal(await prune(collection, remembered, never), 0, "a second call has nothing to do");
        },
      ),
      { numRuns: 200 },
    );
  });

  test("keeps the rows below a folder that could not be read", async () => {
    const collection = await collectionOf([
      { source: "r/locked/1", root: "r", content: "a", metadata: {} },
      { source: "r/locked-2/1", root: "r", content: "b", metadata: {} },
    ]);
    const remembered = await listed(["r/1", "r/locked"]);
    remembered.noteUnreadable("r/locked");
    assert.equal(await prune(collection, remembered, never), 1);
    assert.deepEqual(
      (await rowsOf(collection)).map(({ source }) => source),
      ["r/locked/1"],
    );
  });

  test("keeps all rows of a root that was not listed whole, such as a manifest with a bad line", async () => {
    const collection = await collectionOf([
      { source: "r/1", root: "list.jsonl", content: "a", metadata: {} },
      { source: "r/2", root: "r", content: "b", metadata: {} },
    ]);
    const refused = { kind: "fail", error: new HeadraceError("input_invalid", "list.jsonl:2: bad") } as const;
    const remembered = await listed(["r/3"]);
    const bad: ImageRef = {
      uri: "list.jsonl:2",
      location: "list.jsonl:2",
      scheme: "",
      root: "list.jsonl",
      version: null,
      sizeBytes: 0,
      metadata: null,
      refused,
    };
    for await (const _ of remembered.remember(
      (async function* () {
        yield { id: "bad", ref: bad };
      })(),
    ));
    assert.equal(await prune(collection, remembered, never), 1);
    assert.deepEqual(
      (await rowsOf(collection)).map(({ source }) => source),
      ["r/1"],
    );
  });

  test("is refused for an empty source, for more rows than the limit, and when too many names cannot be read", async () => {
    const counts = { rows: 10, missing: 5, moved: 0 };
    const some = await listed(["r/1"]);
    const refused = (work: () => void) => assert.throws(work, (error) => HeadraceError.is(error) && error.code === "prune_refused");
    checkPrune(counts, some, { share: 0.5 });
    checkPrune(counts, some, { rows: 5 });
    refused(() => checkPrune(counts, some, { share: 0.49 }));
    refused(() => checkPrune(counts, some, { rows: 4 }));
    refused(() => checkPrune(counts, new ListedSources(), { share: 1 }));
    for (let index = 0; index <= 1_000; index++) some.noteUnreadable(`r/${index}`);
    refused(() => checkPrune(counts, some, { share: 1 }));
  });

  test("1,000 rows are deleted in parts, and every one is counted", async () => {
    const rows = Array.from({ length: 1_001 }, (_, index) => ({ source: `r/${index}`, root: "r", content: `${index}`, metadata: {} }));
    const collection = await collectionOf(rows);
    assert.equal(await prune(collection, await listed(["r/0"]), never), 1_000);
    assert.equal(await collection.count(), 1);
  });
});
