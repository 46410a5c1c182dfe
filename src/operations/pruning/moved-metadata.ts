/** Keeps what a person has written about an image when the image gets another name. */
import type { Collection, ImageFacts, Key, RowBatch, StoredRow } from "../../contracts/index.js";
import { chunksOf, givenMetadata, keyOf, markDamage, metadataHash, splitMetadata, withoutLabels } from "../../kit/index.js";
import type { Arrivals } from "./arrivals.js";
import type { ListedSources } from "./listed-sources.js";

export interface MoveOptions {
  readonly listed: ListedSources;
  readonly arrivals: Arrivals;
  /** Whether a row will be deleted. */
  readonly isGone: (row: StoredRow) => Promise<boolean>;
  /** Returns when the image of a row came under its present name, in milliseconds since the epoch; null if nobody knows. */
  readonly cameMs: (row: StoredRow) => Promise<number | null>;
  readonly signal: AbortSignal;
}

const rowsAtOnce = 500;

/** Returns true if a person has given metadata. Labels and the mark of a damaged image come from Headrace. */
export function hasGivenMetadata(facts: Pick<ImageFacts, "metadata" | "metadataHash">): boolean {
  return givenTo(facts).length > 0;
}

/**
 * Writes the metadata of rows that will be deleted into the rows of the same images under their new names. What the new row has stays. A
 * call that is killed can be repeated.
 */
export async function moveMetadata(collection: Collection, ids: readonly Key[], options: MoveOptions): Promise<void> {
  for (const some of chunksOf(ids, rowsAtOnce)) {
    const gone = new Map<string, StoredRow[]>();
    for (const row of await collection.get(some, { vectors: "omit", signal: options.signal })) {
      const { content } = row.facts;
      // Rows whose vectors came without their images have no content, and nothing else in common.
      if (content !== "" && isNamedBySource(row) && (await options.isGone(row))) gone.set(content, [...(gone.get(content) ?? []), row]);
    }
    if (gone.size > 0) await describeHeirs(collection, gone, options);
  }
}

async function describeHeirs(collection: Collection, gone: ReadonlyMap<string, readonly StoredRow[]>, options: MoveOptions): Promise<void> {
  const { signal } = options;
  const filter = { kind: "in", key: "content", values: [...gone.keys()] } as const;
  for await (const rows of collection.scan({ filter, vectors: "include", signal })) {
    const described: StoredRow[] = [];
    for (const heir of rows) {
      const ancestors: StoredRow[] = [];
      for (const row of gone.get(heir.facts.content) ?? []) if (await isHeirOf(heir, row, options)) ancestors.push(row);
      if (ancestors.length > 0) described.push({ ...heir, facts: withMetadataOf(ancestors, heir.facts) });
    }
    if (described.length > 0) await collection.upsert(batchOf(described, collection.dimension), signal);
  }
}

/**
 * A row under a new name: this run has stored it as new, or it is of the same source and its file came after the old row was stored. Other rows
 * with the same bytes are copies, about which the metadata may say nothing true. A source that gives metadata knows best itself.
 */
async function isHeirOf(heir: StoredRow, gone: StoredRow, { listed, arrivals, cameMs }: MoveOptions): Promise<boolean> {
  const found = listed.standingOf(heir);
  if (found?.standing !== "listed" || found.source.givesMetadata || !isNamedBySource(heir)) return false;
  if (arrivals.has(heir.id)) return true;
  if (heir.ingestedAt <= gone.ingestedAt || !listed.areTogether(heir.facts, gone.facts)) return false;
  const came = await cameMs(heir);
  return came !== null && came > gone.ingestedAt;
}

/** A row with an id of its own, such as that of a product, has no other name. */
function isNamedBySource({ id, facts }: StoredRow): boolean {
  return id === keyOf(facts.source);
}

function withMetadataOf(ancestors: readonly StoredRow[], heir: ImageFacts): ImageFacts {
  const inherited = ancestors.map(({ facts }) => Object.fromEntries(givenTo(facts)));
  const { given, picture } = splitMetadata(heir);
  const own = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  const known = Object.assign({}, ...inherited, own) as ImageFacts["metadata"];
  return { ...heir, metadata: { ...picture, ...known }, metadataHash: metadataHash(known) };
}

function givenTo(facts: Pick<ImageFacts, "metadata" | "metadataHash">): ReturnType<typeof givenMetadata> {
  return givenMetadata(withoutLabels(markDamage(splitMetadata(facts).given, false)));
}

function batchOf(rows: readonly StoredRow[], dimension: number): RowBatch {
  const vectors = new Float32Array(rows.length * dimension);
  rows.forEach(({ vector }, row) => {
    if (vector !== null) vectors.set(vector, row * dimension);
  });
  return {
    ids: rows.map(({ id }) => id),
    vectors,
    dimension,
    facts: rows.map(({ facts }) => facts),
    ingestedAt: rows.map(({ ingestedAt }) => ingestedAt),
  };
}
