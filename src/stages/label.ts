/** Adds the labels of each image to the metadata of its row, before the row is written. */
import type { Labeller } from "../chain/index.js";
import type { Item, Metadata, Row, Sink } from "../contracts/index.js";

/** Also rows whose vector was known get labels. Rows that are skipped as unchanged keep theirs. */
export function labelSink(sink: Sink, labeller: Labeller): Sink {
  return {
    ...sink,
    async process(batch, signal) {
      const vectors = batch.map(({ value }) => value.vector);
      const labels = await labeller.label(vectors, signal);
      return sink.process(
        batch.map((item, index) => labelled(item, labels[index]!)),
        signal,
      );
    },
  };
}

function labelled(item: Item<Row>, labels: Metadata): Item<Row> {
  return { ...item, facts: { ...item.facts, metadata: { ...item.facts.metadata, ...labels } } };
}
