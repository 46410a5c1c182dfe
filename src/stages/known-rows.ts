/** For copies: skips rows that the target already has unchanged. */
import type { Collection, ImageFacts, Key, KnownRow, Row, Stage, StoredRow } from "../contracts/index.js";

/** The part of a row that is compared. */
export interface ComparedRow {
  readonly id: Key;
  readonly facts: Pick<ImageFacts, "version" | "metadataHash" | "content">;
}

const skipReason = "known";

/** Pass "omit" if the target was empty at the start. */
export function knownRowsStage(target: Collection, lookups: "include" | "omit"): Stage<Row, Row> {
  return {
    name: "known",
    async process(batch, signal) {
      const known = lookups === "include" ? await knownRowsOf(target, batch, signal) : new Set<Key>();
      return batch.map((item) => (known.has(item.id) ? { kind: "skip", seq: item.seq, reason: skipReason } : { kind: "ok", item }));
    },
  };
}

/** Keys of the rows that the collection has with the same version and metadata. */
export async function knownRowsOf(target: Collection, rows: readonly ComparedRow[], signal: AbortSignal): Promise<ReadonlySet<Key>> {
  const ids = rows.map(({ id }) => id);
  const known = await target.known(ids, signal);
  const same = rows.filter(({ id, facts }) => isSame(facts, known.get(id)));
  const unversioned = same.filter(({ facts }) => facts.version === "");
  const contents = await contentsOf(target, unversioned, signal);
  return new Set(same.filter(({ id, facts }) => facts.version !== "" || facts.content === contents.get(id)).map(({ id }) => id));
}

function isSame(facts: ComparedRow["facts"], known: KnownRow | undefined): boolean {
  return known !== undefined && known.version === facts.version && known.metadataHash === facts.metadataHash;
}

/** Images given as bytes have an empty version. Their content fingerprints are compared instead. */
async function contentsOf(target: Collection, rows: readonly ComparedRow[], signal: AbortSignal): Promise<ReadonlyMap<Key, string>> {
  if (rows.length === 0) return new Map();
  const stored: readonly StoredRow[] = await target.get(
    rows.map(({ id }) => id),
    { vectors: "omit", signal },
  );
  return new Map(stored.map(({ id, facts }) => [id, facts.content]));
}
