/** Finding rows of images that are gone: exactly these, for each source by itself, and no metadata is lost. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { memoryStore } from "../../adapters/memory/index.js";
import {
  type Collection,
  HeadraceError,
  type ImageRef,
  type IngestInput,
  type Metadata,
  type NamedSource,
  type StoredRow,
} from "../../contracts/index.js";
import { changedMsOf, keyOf, metadataHash } from "../../kit/index.js";
import { Arrivals } from "./arrivals.js";
import { type KeptReason, KeptRows } from "./kept-rows.js";
import { ListedSources } from "./listed-sources.js";
import { moveMetadata } from "./moved-metadata.js";
import { decidePrune, findGone, type LookAtRow, pruneRefusal } from "./prune.js";

const never = new AbortController().signal;
const passport = { probes: [[1, 0]], labels: {} };
const half = { share: 0.5 };

interface Stored {
  readonly source: string;
  readonly root: string;
  readonly content: string;
  readonly metadata: Metadata;
  readonly id?: string;
  readonly ingestedAt?: number;
  readonly version?: string;
}

async function collectionOf(rows: readonly Stored[]): Promise<Collection> {
  const collection = await memoryStore().create("photos", { dimension: 2, metric: "cosine", passport });
  await collection.upsert(
    {
      ids: rows.map(({ id, source }) => id ?? keyOf(source)),
      vectors: Float32Array.from(rows.flatMap((_, row) => [1, row])),
      dimension: 2,
      facts: rows.map(({ source, root, content, metadata, version = "1" }) => {
        return { source, root, content, metadata, version, metadataHash: metadataHash(metadata), width: 1, height: 1 };
      }),
      ingestedAt: rows.map(({ ingestedAt }) => ingestedAt ?? 5),
    },
    never,
  );
  return collection;
}

const folder = (root: string): NamedSource => ({ kind: "folder", root, path: `/${root}`, identity: "1:1" });
const list = (root: string): NamedSource => ({ kind: "container", root, isNamed: true, formerRoots: [] });

const refOf = (uri: string, root: string): ImageRef => {
  return { uri, location: uri, scheme: "file", root, version: "1", sizeBytes: 1, metadata: null };
};

async function listAll(remembered: ListedSources, source: NamedSource, inputs: readonly (IngestInput | string)[]): Promise<void> {
  remembered.note({ kind: "begun", source });
  const given = (async function* () {
    for (const input of inputs) yield typeof input === "string" ? { id: keyOf(input), ref: refOf(input, source.root) } : input;
  })();
  for await (const _ of remembered.remember(given));
  remembered.note({ kind: "ended", root: source.root });
}

async function listedFolder(sources: readonly string[], root = "r"): Promise<ListedSources> {
  const remembered = new ListedSources();
  await listAll(remembered, folder(root), sources);
  return remembered;
}

const gone: LookAtRow = () => Promise.resolve(null);

async function goneIn(collection: Collection, listed: ListedSources, look = gone) {
  const found = await findGone(collection, listed, { look, arrivals: new Arrivals(), signal: never });
  const ids = new Set([...found.sources.values()].flatMap((own) => own.gone));
  const sources = (await collection.get([...ids], { vectors: "omit" })).map(({ facts }) => facts.source).sort();
  return { ...found, kept: found.kept.counts, found, goneSources: sources };
}

describe("rows of images that are gone", () => {
  const name = fc.integer({ min: 0, max: 12 }).map((number) => `r/${number}`);
  const row = fc.record({
    source: name,
    root: fc.constantFrom("r", "r/2024", "r/list.csv", "elsewhere", "r-other"),
    content: fc.constantFrom("a", "b", "c"),
    metadata: fc.constantFrom<Metadata>({}, { label: "x" }, { label: "y" }),
  });

  test("are exactly those of the folder whose id is not listed, and rows of lists inside it are not among them", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(row, { selector: ({ source }) => source, maxLength: 12 }),
        fc.uniqueArray(name, { minLength: 1 }),
        async (rows, sources) => {
          const found = await goneIn(await collectionOf(rows), await listedFolder(sources));
          const expected = rows.filter(({ source, root }) => root === "r" && !sources.includes(source)).map(({ source }) => source);
          assert.deepEqual(found.goneSources, expected.sort());
          assert.equal(found.missing, expected.length);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("include those that were stored by their own name, as part of a subfolder, of a parent folder or of a glob", async () => {
    const at = (source: string, root: string): Stored => ({ source, root, content: source, metadata: {} });
    const rows = [at("a/r/1", "a/r/1"), at("a/r/x/2", "a/r/x"), at("a/r/3", "a"), at("a/r/4", "a/*/?.jpg"), at("a/s/5", "a")];
    const found = await goneIn(await collectionOf(rows), await listedFolder(["a/r/0"], "a/r"));
    assert.deepEqual(found.goneSources, ["a/r/1", "a/r/3", "a/r/4", "a/r/x/2"]);
  });

  test("are known by their id: a product is gone although another product uses its picture", async () => {
    const product = (id: string): Stored => ({ id, source: "r/placeholder.jpg", root: "m.jsonl", content: "a", metadata: {} });
    const listed = new ListedSources();
    await listAll(listed, list("m.jsonl"), [{ id: "sku-1", ref: refOf("r/placeholder.jpg", "m.jsonl") }]);
    const { sources } = await goneIn(await collectionOf([product("sku-1"), product("sku-2")]), listed);
    assert.deepEqual(
      [...sources.values()].map((own) => own.gone),
      [["sku-2"]],
    );
  });

  test("are only suspected: whoever looks may find a reason to keep each of them", async () => {
    const rows = ["r/1", "r/2", "r/3"].map((source) => ({ source, root: "r", content: source, metadata: {} }));
    const look: LookAtRow = ({ facts }) => Promise.resolve(facts.source === "r/2" ? "image_exists" : null);
    const found = await goneIn(await collectionOf(rows), await listedFolder(["r/0"]), look);
    assert.deepEqual([found.goneSources, found.kept, found.missing], [["r/1", "r/3"], { image_exists: 1 }, 2]);
  });

  const doubts: readonly { readonly what: string; readonly reason: KeptReason; readonly note: (listed: ListedSources) => Promise<void> }[] =
    [
      {
        what: "a source that is not there",
        reason: "source_not_found",
        note: async (listed) => listed.note({ kind: "missing", root: "r" }),
      },
      {
        what: "a source that was not listed to its end",
        reason: "listing_incomplete",
        note: async (listed) => listed.note({ kind: "begun", source: folder("r") }),
      },
      { what: "a source without any image", reason: "root_empty", note: (listed) => listAll(listed, folder("r"), []) },
      {
        what: "a list from a pipe without a name",
        reason: "list_unnamed",
        note: (listed) => listAll(listed, { kind: "container", root: "r", isNamed: false, formerRoots: [] }, ["r/0"]),
      },
      {
        what: "a list with a bad line",
        reason: "listing_incomplete",
        note: (listed) => {
          const refused = { kind: "fail", error: new HeadraceError("input_invalid", "r:2: bad") } as const;
          return listAll(listed, list("r"), ["r/0", { id: "bad", ref: { ...refOf("r:2", "r"), refused } }]);
        },
      },
      {
        what: "a list whose bad lines are skipped",
        reason: "listing_incomplete",
        note: (listed) => {
          const refused = { kind: "skip", reason: "bad_line" } as const;
          return listAll(listed, list("r"), ["r/0", { id: "bad", ref: { ...refOf("r:2", "r"), refused } }]);
        },
      },
    ];
  for (const { what, reason, note } of doubts) {
    test(`are not known for ${what}: its rows are kept as ${reason}, and those of another source are not`, async () => {
      const collection = await collectionOf([
        { source: "r/1", root: "r", content: "a", metadata: {} },
        { source: "s/1", root: "s", content: "b", metadata: {} },
      ]);
      const listed = await listedFolder(["s/0"], "s");
      await note(listed);
      const found = await goneIn(collection, listed);
      assert.deepEqual([found.goneSources, found.kept], [["s/1"], { [reason]: 1 }]);
    });
  }

  test("are not known below a folder that could not be listed, and of all folders if there are too many such folders", async () => {
    const collection = await collectionOf([
      { source: "r/locked/1", root: "r", content: "a", metadata: {} },
      { source: "r/locked-2/1", root: "r", content: "b", metadata: {} },
    ]);
    const listed = await listedFolder(["r/1", "r/locked"]);
    listed.note({ kind: "unreadable", root: "r", uri: "r/locked" });
    const found = await goneIn(collection, listed);
    assert.deepEqual([found.goneSources, found.kept], [["r/locked-2/1"], { listing_incomplete: 1 }]);
    for (let index = 0; index <= 1_000; index++) listed.note({ kind: "unreadable", root: "r", uri: `r/${index}` });
    assert.deepEqual((await goneIn(collection, listed)).kept, { listing_incomplete: 2 });
  });

  test("of tables and archives inside a folder belong to the folder only if this is asked for", async () => {
    const rows = [{ source: "tar:r/a.tar#1.jpg", root: "r/a.tar", content: "a", metadata: {} }];
    assert.equal((await goneIn(await collectionOf(rows), await listedFolder(["r/1"]))).missing, 0);
    const listed = new ListedSources({ goneContainers: "prune" });
    await listAll(listed, folder("r"), ["r/1"]);
    assert.deepEqual((await goneIn(await collectionOf(rows), listed)).goneSources, ["tar:r/a.tar#1.jpg"]);
  });

  test("of a folder that another name replaces are found in its subfolders, too", async () => {
    const rows = [{ source: "photos:2024/1", root: "photos:2024", content: "a", metadata: {} }];
    assert.equal((await goneIn(await collectionOf(rows), await listedFolder(["photos:2"], "photos:"))).missing, 1);
  });
});

describe("the decision what to delete", () => {
  const rowsOf = (root: string, count: number): Stored[] =>
    Array.from({ length: count }, (_, index) => ({ source: `${root}/${index}`, root, content: `${root}${index}`, metadata: {} }));

  test("is made for each source by itself: one that lacks too many rows keeps them, and the others go on", async () => {
    const collection = await collectionOf([...rowsOf("r", 4), ...rowsOf("s", 4)]);
    const listed = await listedFolder(["r/0"], "r");
    await listAll(listed, folder("s"), ["s/0", "s/1", "s/2"]);
    const { found } = await goneIn(collection, listed);
    const { ids, problems } = decidePrune(found, listed, half);
    assert.deepEqual([ids, problems], [[keyOf("s/3")], ["r: expected at most 50 % of 4 rows to delete, found 3"]]);
    assert.deepEqual(found.kept.counts, { over_limit: 3 });
    assert.equal(pruneRefusal(problems, found.kept)?.code, "prune_refused");
  });

  test("refuses an empty source and more rows than the limit, and half of the rows is not too many", async () => {
    const collection = await collectionOf(rowsOf("r", 4));
    const problemsOf = async (sources: readonly string[], limit: Parameters<typeof decidePrune>[2]) => {
      const listed = await listedFolder(sources);
      return decidePrune((await goneIn(collection, listed)).found, listed, limit).problems.length;
    };
    assert.equal(await problemsOf(["r/0", "r/1"], half), 0);
    assert.equal(await problemsOf(["r/0", "r/1"], { rows: 2 }), 0);
    assert.equal(await problemsOf(["r/0", "r/1"], { share: 0.49 }), 1);
    assert.equal(await problemsOf(["r/0", "r/1"], { rows: 1 }), 1);
    assert.equal(await problemsOf([], { share: 1 }), 1);
    assert.equal(pruneRefusal([], new KeptRows()), null);
  });
});

describe("the metadata of images that moved", () => {
  const at = 1_000;
  const version = (changedMs: number) => `10-1-${changedMs}000000`;
  const cameMs = async ({ facts }: StoredRow) => changedMsOf(facts.version);
  const old: Stored = { source: "r/old.jpg", root: "r", content: "a", metadata: { caption: "mine", image_label: "cat" }, ingestedAt: at };

  async function moved(heirs: readonly Stored[], arrived: readonly string[] = [], inputs?: readonly IngestInput[], gone = old) {
    const collection = await collectionOf([gone, ...heirs]);
    const listed = new ListedSources();
    await listAll(
      listed,
      folder("r"),
      inputs ?? heirs.map(({ source, id }) => (id === undefined ? source : { id, ref: refOf(source, "r") })),
    );
    const arrivals = new Arrivals();
    for (const source of arrived) arrivals.add(keyOf(source), { content: "a" });
    await moveMetadata(collection, [keyOf(old.source)], { listed, arrivals, isGone: () => Promise.resolve(true), cameMs, signal: never });
    const rows = await collection.get(
      heirs.map(({ source, id }) => id ?? keyOf(source)),
      { vectors: "omit" },
    );
    return Object.fromEntries(
      rows.map(({ id, facts }) => [heirs.find((heir) => (heir.id ?? keyOf(heir.source)) === id)?.source, facts.metadata]),
    );
  }

  test("stays under labels and marks of the new row, which the new row keeps", async () => {
    const heir: Stored = {
      source: "r/new.jpg",
      root: "r",
      content: "a",
      metadata: { image_label: "dog", image_damaged: true, year: 2024 },
    };
    assert.deepEqual(await moved([heir], ["r/new.jpg"]), {
      "r/new.jpg": { caption: "mine", image_label: "dog", image_damaged: true, year: 2024 },
    });
  });

  test("goes to a file that came after the old row was stored, and to no copy that was there before", async () => {
    const heirs = [
      { source: "r/new.jpg", root: "r", content: "a", metadata: {}, ingestedAt: at + 500, version: version(at + 400) },
      { source: "r/copy.jpg", root: "r", content: "a", metadata: {}, ingestedAt: at + 1, version: version(at - 400) },
    ];
    assert.deepEqual(await moved(heirs), { "r/new.jpg": { caption: "mine" }, "r/copy.jpg": {} });
  });

  test("goes to no other row whose vector came without its image", async () => {
    const given = (source: string, changedMs: number): Stored => {
      return { source, root: "r", content: "", metadata: {}, ingestedAt: at + 500, version: version(changedMs) };
    };
    const heirs = [given("r/new.jpg", at + 400), given("r/other.jpg", at + 400)];
    assert.deepEqual(await moved(heirs, ["r/new.jpg"], undefined, { ...old, content: "" }), { "r/new.jpg": {}, "r/other.jpg": {} });
  });

  test("goes to no product with the same picture, and to no row of a source that gives metadata itself", async () => {
    const product: Stored = {
      id: "sku-1",
      source: "r/new.jpg",
      root: "r",
      content: "a",
      metadata: {},
      ingestedAt: at + 500,
      version: version(at + 400),
    };
    assert.deepEqual(await moved([product]), { "r/new.jpg": {} });
    const heir: Stored = { source: "r/new.jpg", root: "r", content: "a", metadata: {}, ingestedAt: at + 500, version: version(at + 400) };
    const given = { id: keyOf(heir.source), ref: { ...refOf(heir.source, "r"), metadata: {} } };
    assert.deepEqual(await moved([heir], [heir.source], [given]), { "r/new.jpg": {} });
  });
});
