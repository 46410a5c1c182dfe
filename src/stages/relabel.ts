/** Writes stored rows again with labels in their metadata. Their vectors and all other metadata stay as they are. */
import type { Labeller } from "../chain/index.js";
import type { Collection, Item, Metadata, Row, Sink, SinkResult } from "../contracts/index.js";
import { currentRowsSink, givenMetadata, isKeyOfSet, type LabelSet } from "../kit/index.js";

/** Called once for each row that has its labels, with its metadata. */
export type OnLabelled = (metadata: Metadata) => void;

/**
 * Skips rows that have these labels already, so that a second run goes on where the first one ended. Also skips rows that were changed or
 * deleted after they were read, because `sink` would write their old state.
 */
export function relabelSink(sink: Sink, collection: Pick<Collection, "known">, labeller: Labeller, onLabelled: OnLabelled): Sink {
  const currentRows = currentRowsSink(sink, collection);
  return {
    ...sink,
    async process(batch, signal) {
      const vectors = batch.map(({ value }) => value.vector);
      const labels = await labeller.label(vectors, signal);
      const labelled = batch.map((item, index) => relabelled(item, labels[index]!, labeller.set));
      const differing = labelled.filter((item, index) => !hasSameLabels(item, batch[index]!, labeller.set));
      const written = differing.length === 0 ? [] : await currentRows.process(differing, signal);
      const results = new Map(written.map((result) => [result.seq, result]));
      return labelled.map(({ seq, facts }): SinkResult => {
        const result: SinkResult = results.get(seq) ?? { kind: "skip", seq, reason: "labelled" };
        if (result.kind === "ok" || (result.kind === "skip" && result.reason === "labelled")) onLabelled(facts.metadata);
        return result;
      });
    },
  };
}

/** Returns the metadata with these labels, and without older ones of the set. */
export function withLabels(metadata: Metadata, labels: Metadata, set: LabelSet): Metadata {
  return { ...Object.fromEntries(Object.entries(metadata).filter(([key]) => !isKeyOfSet(key, set))), ...labels };
}

/** Whether two rows have the same labels with the same score. Machines differ in the last digits of a score. */
export function isLabelledAs(a: Metadata, b: Metadata, set: LabelSet): boolean {
  const [ofA, ofB] = [labelsIn(a, set), labelsIn(b, set)];
  return ofA.length === ofB.length && ofA.every(([key, value], index) => key === ofB[index]![0] && isSameValue(value, ofB[index]![1]));
}

function relabelled(item: Item<Row>, labels: Metadata, set: LabelSet): Item<Row> {
  return { ...item, facts: { ...item.facts, metadata: withLabels(item.facts.metadata, labels, set) } };
}

function hasSameLabels(a: Item<Row>, b: Item<Row>, set: LabelSet): boolean {
  return isLabelledAs(a.facts.metadata, b.facts.metadata, set);
}

function labelsIn(metadata: Metadata, set: LabelSet): ReturnType<typeof givenMetadata> {
  return givenMetadata(Object.fromEntries(Object.entries(metadata).filter(([key]) => isKeyOfSet(key, set))));
}

const scoreTolerance = 1e-5;

function isSameValue(a: unknown, b: unknown): boolean {
  if (typeof a !== "number" || typeof b !== "number") return a === b;
  return Math.abs(a - b) <= scoreTolerance * Math.max(1, Math.abs(a));
}
