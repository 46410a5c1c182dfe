/** Skips whole rows that the target of a copy already holds as they are. */
import type { Collection, ImageFacts, Key, KnownRow, Row, Stage, StoredRow } from "../contracts/index.js";

/** A row as far as it is compared. */
export interface ComparedRow {
  readonly id: Key;
  readonly facts: Pick<ImageFacts, "version" | "metadataHash" | "content">;
}

/** Skipped with this reason: key, version and metadata are the same on both sides. */
const heldReason = "known";

/** "omit" for a target that was empty at the start. */
export function knownRowsStage(target: Collection, lookups: "include" | "omit"): Stage<Row, Row> {
  return {
    name: "known",
    async process(batch, signal) {
      const held = lookups === "include" ? await knownRowsOf(target, batch, signal) : new Set<Key>();
      return batch.map((item) => (held.has(item.id) ? { kind: "skip", seq: item.seq, reason: heldReason } : { kind: "ok", item }));
    },
  };
}

/** Keys of the rows that the collection holds with the same version and metadata. */
export async function knownRowsOf(target: Collection, rows: readonly ComparedRow[], signal: AbortSignal): Promise<ReadonlySet<Key>> {
  const ids = rows.map(({ id }) => id);
  const known = await target.known(ids, signal);
  const alike = rows.filter(({ id, facts }) => isAlike(facts, known.get(id)));
  const unmarked = alike.filter(({ facts }) => facts.version === "");
  const contents = await contentsOf(target, unmarked, signal);
  return new Set(alike.filter(({ id, facts }) => facts.version !== "" || facts.content === contents.get(id)).map(({ id }) => id));
}

function isAlike(facts: ComparedRow["facts"], known: KnownRow | undefined): boolean {
  return known !== undefined && known.version === facts.version && known.metadataHash === facts.metadataHash;
}

/** An empty version tells nothing apart (images given as bytes), so the fingerprints of the bytes are compared. */
async function contentsOf(target: Collection, rows: readonly ComparedRow[], signal: AbortSignal): Promise<ReadonlyMap<Key, string>> {
  if (rows.length === 0) return new Map();
  const stored: readonly StoredRow[] = await target.get(
    rows.map(({ id }) => id),
    { vectors: "omit", signal },
  );
  return new Map(stored.map(({ id, facts }) => [id, facts.content]));
}
