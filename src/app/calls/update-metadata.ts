/** `updateMetadata`: changes the metadata of one row, and nothing else of it. */
import { type Collection, HeadraceError, type Key, type Metadata, type StoredRow } from "../../contracts/index.js";
import { checkMetadata, damagedKey, givenMetadata, metadataHash, splitMetadata, withoutLabels } from "../../kit/index.js";
import { labelOf } from "../collections/addresses.js";
import { never, refuseUnknownOptions } from "../collections/call-options.js";
import { withCollection } from "../collections/named-collection.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** Options of `updateMetadata`. */
export interface UpdateOptions {
  /** Hard stop: the call rejects with `aborted`. */
  readonly signal?: AbortSignal;
}

/** Another process may replace the row between the look and the write. */
const maxAttempts = 5;

export async function updateMetadata(
  parts: PipelineParts,
  name: string,
  id: Key,
  changes: Metadata,
  options: UpdateOptions,
): Promise<StoredRow | null> {
  refuseUnknownOptions("updateMetadata", options, { signal: true });
  checkMetadata(changes, String(id));
  const { signal = never() } = options;
  return withCollection(parts, name, "write", async (collection) => {
    const updated = await parts.updateTurns.run(collection.name, () => update(collection, id, changes, signal));
    const label = labelOf({ collection: collection.name }, parts.storeKind);
    const error = await parts.upkeep.after({ label, collection, ended: "completed", signal, soft: signal });
    if (error !== null) throw error;
    return updated;
  });
}

async function update(collection: Collection, id: Key, changes: Metadata, signal: AbortSignal): Promise<StoredRow | null> {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const [row] = await collection.get([id], { vectors: "include", signal });
    if (row === undefined || row.vector === null) return null;
    const metadata = merged(row.facts.metadata, changes);
    const given = merged(splitMetadata(row.facts).given, changes);
    const changed = { ...row, facts: { ...row.facts, metadata, metadataHash: metadataHash(given) } };
    if (JSON.stringify(givenMetadata(metadata)) === JSON.stringify(givenMetadata(row.facts.metadata))) return row;
    const known = (await collection.known([row.id], signal)).get(row.id);
    if (known?.version !== row.facts.version || known.metadataHash !== row.facts.metadataHash) continue;
    const [failure] = await collection.upsert(
      { ids: [row.id], vectors: row.vector, dimension: collection.dimension, facts: [changed.facts], ingestedAt: row.ingestedAt },
      signal,
    );
    if (failure !== undefined) throw failure.error;
    return changed;
  }
  throw new HeadraceError(
    "overloaded",
    `collection ${collection.name}: update of ${id}: expected the row to stay, found others writing it`,
    {
      item: String(id),
    },
  );
}

/** What Headrace itself writes into metadata stays. */
function merged(stored: Metadata, changes: Metadata): Metadata {
  const { [damagedKey]: _own, ...given } = withoutLabels(changes);
  return Object.fromEntries(givenMetadata({ ...stored, ...given }));
}
