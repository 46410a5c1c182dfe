/** The first stage when rows are copied to another collection: skips rows that are already in the target collection and unchanged. */
import type { Collection, ImageFacts, Key, KnownRow, Row, Stage, StoredRow } from "../contracts/index.js";

/** The columns of a source row that are compared with the target row. */
export interface ComparedRow {
  readonly id: Key;
  readonly facts: Pick<ImageFacts, "version" | "metadataHash" | "content">;
}

const skipReason = "known";

/** `lookups`: pass "omit" if the target collection is empty when the run starts. No row is then looked up. */
export function knownRowsStage(target: Collection, lookups: "include" | "omit"): Stage<Row, Row> {
  return {
    name: "known",
    async process(batch, signal) {
      const known = lookups === "include" ? await knownRowsOf(target, batch, signal) : new Set<Key>();
      return batch.map((item) => (known.has(item.id) ? { kind: "skip", seq: item.seq, reason: skipReason } : { kind: "ok", item }));
    },
  };
}

/** Returns the keys of the rows that are in the target collection with the same version and metadata. */
export async function knownRowsOf(target: Collection, rows: readonly ComparedRow[], signal: AbortSignal): Promise<ReadonlySet<Key>> {
  const ids = rows.map(({ id }) => id);
  const known = await target.known(ids, signal, new Map(rows.map(({ id, facts }) => [id, facts.version])));
  const same = rows.filter(({ id, facts }) => isSame(facts, known.get(id)));
  const unversioned = same.filter(({ facts }) => facts.version === "");
  const contents = await contentsOf(target, unversioned, signal);
  return new Set(same.filter(({ id, facts }) => facts.version !== "" || facts.content === contents.get(id)).map(({ id }) => id));
}

function isSame(facts: ComparedRow["facts"], known: KnownRow | undefined): boolean {
  return known !== undefined && known.version === facts.version && known.metadataHash === facts.metadataHash;
}

/** Returns the content hashes of stored rows. Images that were passed as bytes have no version, so their content hashes are compared. */
async function contentsOf(target: Collection, rows: readonly ComparedRow[], signal: AbortSignal): Promise<ReadonlyMap<Key, string>> {
  if (rows.length === 0) return new Map();
  const stored: readonly StoredRow[] = await target.get(
    rows.map(({ id }) => id),
    { vectors: "omit", signal },
  );
  return new Map(stored.map(({ id, facts }) => [id, facts.content]));
}
