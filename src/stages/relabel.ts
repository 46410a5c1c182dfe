/** Writes stored rows again with labels in their metadata. Their vectors and all other metadata stay as they are. */
import type { Labeller } from "../chain/index.js";
import type { Collection, Item, Metadata, Row, Sink, SinkResult } from "../contracts/index.js";
import { currentRowsSink, givenMetadata, labelKey, withoutLabels } from "../kit/index.js";

/** Called once for each row that has its labels. `best` is null if no label is good enough. */
export type OnLabelled = (best: string | null) => void;

/**
 * Skips rows that have these labels already, so that a second run goes on where the first one ended. Also skips rows that were changed or
 * deleted after they were read, because `sink` would write their old state.
 */
export function relabelSink(sink: Sink, collection: Pick<Collection, "known">, label: Labeller, onLabelled: OnLabelled): Sink {
  const currentRows = currentRowsSink(sink, collection);
  return {
    ...sink,
    async process(batch, signal) {
      const labelled = batch.map((item) => relabelled(item, label));
      const differing = labelled.filter((item, index) => !hasSameLabels(item, batch[index]!));
      const written = differing.length === 0 ? [] : await currentRows.process(differing, signal);
      const results = new Map(written.map((result) => [result.seq, result]));
      return labelled.map(({ seq, facts }): SinkResult => {
        const result: SinkResult = results.get(seq) ?? { kind: "skip", seq, reason: "labelled" };
        if (result.kind === "ok" || (result.kind === "skip" && result.reason === "labelled")) onLabelled(bestLabel(facts.metadata));
        return result;
      });
    },
  };
}

/** Returns the metadata with the labels of the vector, and without older labels. */
export function withLabels(metadata: Metadata, vector: Float32Array, label: Labeller): Metadata {
  return { ...withoutLabels(metadata), ...label(vector) };
}

/** Returns the first label; null if there is none. */
export function bestLabel(metadata: Metadata): string | null {
  const value = metadata[labelKey(1)] ?? null;
  return value === null ? null : String(value);
}

/** Whether two rows have the same labels with the same score. Machines differ in the last digits of a score. */
export function isLabelledAs(a: Metadata, b: Metadata): boolean {
  const [ofA, ofB] = [labelsIn(a), labelsIn(b)];
  return ofA.length === ofB.length && ofA.every(([key, value], index) => key === ofB[index]![0] && isSameValue(value, ofB[index]![1]));
}

function relabelled(item: Item<Row>, label: Labeller): Item<Row> {
  return { ...item, facts: { ...item.facts, metadata: withLabels(item.facts.metadata, item.value.vector, label) } };
}

function hasSameLabels(a: Item<Row>, b: Item<Row>): boolean {
  return isLabelledAs(a.facts.metadata, b.facts.metadata);
}

function labelsIn(metadata: Metadata): ReturnType<typeof givenMetadata> {
  const others = withoutLabels(metadata);
  return givenMetadata(Object.fromEntries(Object.entries(metadata).filter(([key]) => !(key in others))));
}

const scoreTolerance = 1e-5;

function isSameValue(a: unknown, b: unknown): boolean {
  return typeof a === "number" && typeof b === "number" ? Math.abs(a - b) <= scoreTolerance : a === b;
}
