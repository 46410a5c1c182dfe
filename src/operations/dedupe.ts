/** Finds rows of the same image and of nearly the same image, and chooses which row of each group to keep. */
import type { Collection, Key, Metric, StoredRow } from "../contracts/index.js";
import { chunksOf, givenMetadata, HashTable, hashOfText, isMarkedDamaged } from "../kit/index.js";
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
  readonly signal: AbortSignal;
  /** Called after each batch with the number of rows that are compared. */
  readonly onCompared?: (rows: number) => void;
}

type Searched = Pick<Collection, "name" | "metric" | "scan" | "search" | "get">;

const batchRows = 256;
const firstTopK = 16;
const maxTopK = 1_000;

/**
 * Returns the groups of duplicates. Each row is in at most one group. Of a group, the row is kept that is not damaged, then the one with the
 * most pixels, then with metadata, then the oldest, then the one with the smallest id. Near duplicates are those that searches find, so an
 * approximate index can miss some. Needs about 16 bytes of memory per row, and some hundred per row that has a duplicate.
 */
export async function* duplicateGroups(collection: Searched, options: DedupeOptions): AsyncGenerator<DuplicateGroup> {
  const repeated = await repeatedContents(collection, options.signal);
  const groups = await similarKeys(collection, repeated, options);
  for (const keys of groups.all()) {
    let left = await candidates(collection, keys, options.signal);
    while (left.length > 1) {
      const best = left.reduce((a, b) => (isBetter(b, a) ? b : a));
      const rest = left.filter((row) => row !== best);
      const others = await alike(collection, best, rest, options);
      if (others.length > 0) yield { keep: shown(best), others };
      const taken = new Set(others.map(({ id }) => id));
      left = rest.filter(({ id }) => !taken.has(id));
    }
  }
}

/** Returns all fingerprints: those that more than one row has, with the value 1. All others have 0. */
async function repeatedContents(collection: Searched, signal: AbortSignal): Promise<HashTable> {
  const contents = new HashTable({ values: 1 });
  for await (const rows of collection.scan({ vectors: "omit", signal })) {
    for (const { facts } of rows) {
      const hash = hashOfText(facts.content);
      if (facts.content !== "" && contents.first(hash, [0]) !== null) contents.set(hash, [1]);
    }
  }
  return contents;
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

async function candidates(collection: Searched, keys: readonly Key[], signal: AbortSignal): Promise<readonly Candidate[]> {
  const found: Candidate[] = [];
  for (const ids of chunksOf(keys, batchRows)) {
    for (const { id, facts, ingestedAt } of await collection.get(ids, { vectors: "omit", signal })) {
      const { source, width, height, content, metadata } = facts;
      const isDamaged = isMarkedDamaged(metadata);
      const hasMetadata = givenMetadata(metadata).length > (isDamaged ? 1 : 0);
      found.push({ id, source, width, height, content, isDamaged, hasMetadata, ingestedAt });
    }
  }
  return found;
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
  { threshold, signal }: DedupeOptions,
): Promise<DuplicateGroup["others"]> {
  const [kept] = await collection.get([best.id], { vectors: "include", signal });
  // Another call may have deleted it meanwhile.
  if (!kept?.vector) return [];
  const byId = new Map(rest.map((row) => [row.id, row]));
  const others: DuplicateGroup["others"][number][] = [];
  for (const ids of chunksOf([...byId.keys()], batchRows)) {
    for (const row of await collection.get(ids, { vectors: "include", signal })) {
      const score = scores[collection.metric](kept.vector, row.vector!);
      const sameContent = row.facts.content !== "" && row.facts.content === best.content;
      if (sameContent || score >= threshold) others.push({ ...shown(byId.get(row.id)!), score, sameContent });
    }
  }
  return others.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

/** The scores of a search, for two vectors. */
const scores: Readonly<Record<Metric, (a: Float32Array, b: Float32Array) => number>> = {
  cosine: (a, b) => product(a, b) / Math.sqrt(product(a, a) * product(b, b)),
  ip: product,
  l2: (a, b) => 2 * product(a, b) - product(a, a) - product(b, b),
};

function product(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}

function shown({ id, source, width, height }: DuplicateRow): DuplicateRow {
  return { id, source, width, height };
}
