/** Adds the labels of each image to the metadata of its row, before the row is written. */
import type { Labeller } from "../chain/index.js";
import type { Item, Row, Sink } from "../contracts/index.js";

/** Also rows whose vector was known get labels. Rows that are skipped as unchanged keep theirs. */
export function labelSink(sink: Sink, label: Labeller): Sink {
  return {
    ...sink,
    process: (batch, signal) =>
      sink.process(
        batch.map((item) => labelled(item, label)),
        signal,
      ),
  };
}

function labelled(item: Item<Row>, label: Labeller): Item<Row> {
  return { ...item, facts: { ...item.facts, metadata: { ...item.facts.metadata, ...label(item.value.vector) } } };
}
