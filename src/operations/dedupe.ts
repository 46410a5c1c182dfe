/** Finds rows of the same image and of nearly the same image, and chooses which row of each group to keep. */
import type { Collection, Key, StoredRow } from "../contracts/index.js";
import { chunksOf, givenMetadata, HashTable, hashOfText, isMarkedDamaged, scoreOf, splitMetadata } from "../kit/index.js";
import { comparePairs } from "./all-pairs.js";
import { KeyGroups } from "./key-groups.js";

/** A row that shows the same as another one. */
export interface DuplicateRow {
  readonly id: Key;
  readonly source: string;
  readonly width: number;
  readonly height: number;
}

export interface DuplicateGroup {
  /** The row to keep. */
  readonly keep: DuplicateRow;
  /** The rows whose score with `keep` is at least the threshold, the highest first. Identical bytes count whatever the threshold is. */
  readonly others: readonly (DuplicateRow & { readonly score: number; readonly sameContent: boolean })[];
}

export interface DedupeOptions {
  /** The least score of two rows that count as duplicates, as in a search. */
  readonly threshold: number;
  /**
   * "search": each row searches for its neighbours. An approximate index can miss some. "pairs": all rows are compared with each other, up to
   * 200,000, and none is missed. It reads the rows once for each 32 MiB of vectors. Larger collections are searched.
   */
  readonly method: "search" | "pairs";
  readonly signal: AbortSignal;
  /** Called after each batch with the number of rows that are compared. */
  readonly onCompared?: (rows: number) => void;
}

type Searched = Pick<Collection, "name" | "metric" | "dimension" | "scan" | "search" | "get">;

/** More rows would take longer to compare than to search. */
const maxPairsRows = 200_000;

const batchRows = 256;
const firstTopK = 16;
const maxTopK = 1_000;

/**
 * Returns the groups of duplicates. Each row is in at most one group. Of a group, the row is kept that is not damaged, then the one with the
 * most pixels, then with metadata, then the oldest, then the one with the smallest id. Needs about 16 bytes of memory per row, some hundred per
 * row that has a duplicate, and up to 100 MB for comparing.
 */
export async function* duplicateGroups(collection: Searched, options: DedupeOptions): AsyncGenerator<DuplicateGroup> {
  const { repeated, rows } = await repeatedContents(collection, options.signal);
  const isPairwise = options.method === "pairs" && rows <= maxPairsRows;
  const groups = isPairwise ? await pairedKeys(collection, { repeated, rows }, options) : await similarKeys(collection, repeated, options);
  for (const batch of batchesOf(groups.all())) {
    const found = await rowsOf(collection, batch.flat(), options.signal);
    for (const keys of batch) yield* groupsAmong(collection, keys, found, options);
  }
}

/** Puts small groups together, so that one call gets the rows of many. */
function* batchesOf(groups: readonly (readonly Key[])[]): Generator<readonly (readonly Key[])[]> {
  let batch: (readonly Key[])[] = [];
  let keys = 0;
  for (const group of groups) {
    if (keys + group.length > batchRows && batch.length > 0) {
      yield batch;
      [batch, keys] = [[], 0];
    }
    batch.push(group);
    keys += group.length;
  }
  if (batch.length > 0) yield batch;
}

async function* groupsAmong(
  collection: Searched,
  keys: readonly Key[],
  rows: Rows,
  options: DedupeOptions,
): AsyncGenerator<DuplicateGroup> {
  let left = keys.flatMap((key) => rows.candidates.get(key) ?? []);
  while (left.length > 1) {
    const best = left.reduce((a, b) => (isBetter(b, a) ? b : a));
    const rest = left.filter((row) => row !== best);
    const others = await alike(collection, best, rest, rows, options);
    if (others.length > 0) yield { keep: shown(best), others };
    const taken = new Set(others.map(({ id }) => id));
    left = rest.filter(({ id }) => !taken.has(id));
  }
}

interface Contents {
  /** All fingerprints: those that more than one row has, with the value 1. All others have 0. */
  readonly repeated: HashTable;
  /** Number of rows. */
  readonly rows: number;
}

async function repeatedContents(collection: Searched, signal: AbortSignal): Promise<Contents> {
  const repeated = new HashTable({ values: 1 });
  let count = 0;
  for await (const rows of collection.scan({ vectors: "omit", signal })) {
    count += rows.length;
    for (const { facts } of rows) {
      const hash = hashOfText(facts.content);
      if (facts.content !== "" && repeated.first(hash, [0]) !== null) repeated.set(hash, [1]);
    }
  }
  return { repeated, rows: count };
}

/** Groups rows with the same content, of which one is compared for all, and rows that are near each other. */
async function pairedKeys(collection: Searched, { repeated, rows }: Contents, options: DedupeOptions): Promise<KeyGroups> {
  const { threshold, signal, onCompared } = options;
  const groups = new KeyGroups();
  const firstKeys = new Map<string, Key>();
  const takes = ({ id, facts: { content } }: StoredRow): boolean => {
    if (content === "" || repeated.get(hashOfText(content))?.[0] !== 1) return true;
    const first = firstKeys.get(content);
    if (first === undefined) firstKeys.set(content, id);
    else if (first !== id) groups.join(first, id);
    return first === undefined || first === id;
  };
  const onProgress = (share: number): void => onCompared?.(Math.floor(share * rows));
  await comparePairs(collection, { threshold, rows, takes, onPair: (a, b) => groups.join(a, b), onProgress, signal });
  return groups;
}

/** Groups rows with the same content, and rows that find each other. Of rows with the same content, one searches for all. */
async function similarKeys(collection: Searched, repeated: HashTable, options: DedupeOptions): Promise<KeyGroups> {
  const groups = new KeyGroups();
  const firstKeys = new Map<string, Key>();
  let compared = 0;
  for await (const rows of collection.scan({ vectors: "include", batchRows, signal: options.signal })) {
    const searching: StoredRow[] = [];
    for (const row of rows) {
      const { content } = row.facts;
      const first = firstKeys.get(content);
      if (first !== undefined) groups.join(first, row.id);
      else searching.push(row);
      if (first === undefined && content !== "" && repeated.get(hashOfText(content))?.[0] === 1) firstKeys.set(content, row.id);
    }
    await joinNearest(collection, searching, groups, options);
    compared += rows.length;
    options.onCompared?.(compared);
  }
  return groups;
}

/** Searches with more hits where all hits are duplicates, because there may be more of them. */
async function joinNearest(collection: Searched, rows: readonly StoredRow[], groups: KeyGroups, options: DedupeOptions): Promise<void> {
  let left = rows.filter(({ vector }) => vector !== null);
  for (let topK = firstTopK; left.length > 0; topK = Math.min(maxTopK, topK * 8)) {
    const { threshold, signal } = options;
    const found = await collection.search(
      left.map(({ vector }) => vector!),
      { topK, minScore: threshold, signal },
    );
    const full: StoredRow[] = [];
    for (const [index, row] of left.entries()) {
      const hits = found[index] ?? [];
      for (const { id } of hits) if (id !== row.id) groups.join(row.id, id);
      if (hits.length === topK && topK < maxTopK) full.push(row);
    }
    left = full;
  }
}

/** What decides which row is kept. */
interface Candidate extends DuplicateRow {
  readonly content: string;
  readonly isDamaged: boolean;
  readonly hasMetadata: boolean;
  readonly ingestedAt: number;
}

interface Rows {
  readonly candidates: ReadonlyMap<Key, Candidate>;
  /** Empty if there are too many rows: their vectors are read when they are needed. */
  readonly vectors: ReadonlyMap<Key, Float32Array>;
}

async function rowsOf(collection: Searched, keys: readonly Key[], signal: AbortSignal): Promise<Rows> {
  const candidates = new Map<Key, Candidate>();
  const vectors = new Map<Key, Float32Array>();
  const wanted = keys.length <= batchRows ? "include" : "omit";
  for (const ids of chunksOf(keys, batchRows)) {
    for (const { id, facts, ingestedAt, vector } of await collection.get(ids, { vectors: wanted, signal })) {
      const { source, width, height, content, metadata } = facts;
      const isDamaged = isMarkedDamaged(metadata);
      const hasMetadata = givenMetadata(splitMetadata(facts).given).length > (isDamaged ? 1 : 0);
      candidates.set(id, { id, source, width, height, content, isDamaged, hasMetadata, ingestedAt });
      if (vector !== null) vectors.set(id, vector);
    }
  }
  return { candidates, vectors };
}

async function vectorsOf(collection: Searched, ids: readonly Key[], { vectors }: Rows, signal: AbortSignal): Promise<Rows["vectors"]> {
  if (vectors.size > 0) return vectors;
  const found = await collection.get(ids, { vectors: "include", signal });
  return new Map(found.flatMap(({ id, vector }) => (vector === null ? [] : [[id, vector] as const])));
}

function isBetter(a: Candidate, b: Candidate): boolean {
  if (a.isDamaged !== b.isDamaged) return b.isDamaged;
  const [pixelsA, pixelsB] = [a.width * a.height, b.width * b.height];
  if (pixelsA !== pixelsB) return pixelsA > pixelsB;
  if (a.hasMetadata !== b.hasMetadata) return a.hasMetadata;
  if (a.ingestedAt !== b.ingestedAt) return a.ingestedAt < b.ingestedAt;
  return a.id < b.id;
}

/** Returns the rows that may be deleted when `best` is kept. Rows that are alike only through others are not among them. */
async function alike(
  collection: Searched,
  best: Candidate,
  rest: readonly Candidate[],
  rows: Rows,
  { threshold, signal }: DedupeOptions,
): Promise<DuplicateGroup["others"]> {
  const kept = (await vectorsOf(collection, [best.id], rows, signal)).get(best.id);
  // Another call may have deleted it meanwhile.
  if (kept === undefined) return [];
  const others: DuplicateGroup["others"][number][] = [];
  for (const some of chunksOf(rest, batchRows)) {
    const vectors = await vectorsOf(
      collection,
      some.map(({ id }) => id),
      rows,
      signal,
    );
    for (const row of some) {
      const vector = vectors.get(row.id);
      if (vector === undefined) continue;
      const score = scoreOf(collection.metric, kept, vector);
      const sameContent = row.content !== "" && row.content === best.content;
      if (sameContent || score >= threshold) others.push({ ...shown(row), score, sameContent });
    }
  }
  return others.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

function shown({ id, source, width, height }: DuplicateRow): DuplicateRow {
  return { id, source, width, height };
}
