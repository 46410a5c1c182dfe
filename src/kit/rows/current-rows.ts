/** Writes rows that were read before, unless something has happened to them since. */
import type { Collection, Sink } from "../../contracts/index.js";

/** Skips rows that were changed or deleted after they were read, because `sink` would write their old state. */
export function currentRowsSink(sink: Sink, collection: Pick<Collection, "known">): Sink {
  return {
    ...sink,
    async process(batch, signal) {
      const known = await collection.known(
        batch.map(({ id }) => id),
        signal,
      );
      const current = batch.filter(({ id, facts }) => {
        const row = known.get(id);
        return row?.version === facts.version && row.metadataHash === facts.metadataHash;
      });
      const written = current.length === 0 ? [] : await sink.process(current, signal);
      const results = new Map(written.map((result) => [result.seq, result]));
      return batch.map(({ seq }) => results.get(seq) ?? { kind: "skip", seq, reason: "changed" });
    },
  };
}
