/** The metadata keys of what a model says about an image: labels and scores. */
import { HeadraceError, type Metadata } from "../../contracts/index.js";

/** Names one set of labels or scores, so that a row can have several. Null: the set without a name. */
export type LabelSet = string | null;

/** Keys that begin so belong to labels and scores. Like `damagedKey`, they do not count for the metadata hash. */
const labelKeyPattern = /^image_label(_|$)|^image_score_/;
const labelSetPattern = /^(?!score$)[a-z][a-z0-9]{0,29}$/;

/** Throws `usage_invalid` unless the name of a set can be a part of a metadata key. */
export function checkLabelSet(set: string): void {
  if (labelSetPattern.test(set)) return;
  const expected = 'a name of 1 to 30 lower-case letters and digits that begins with a letter and is not "score"';
  throw new HeadraceError("usage_invalid", `labels: expected ${expected}, found ${JSON.stringify(set).slice(0, 80)}`, {
    hint: "For example: --as aesthetic",
  });
}

/** Returns the metadata key of the label with this rank, from 1. */
export function labelKey(rank: number, set: LabelSet): string {
  return `image_label${set === null ? "" : `_${set}`}${rank === 1 ? "" : `_${rank}`}`;
}

/** Returns the metadata key with the cosine or the probability of the best label. */
export function labelScoreKey(set: LabelSet): string {
  return `${labelKey(1, set)}_score`;
}

/** Returns the metadata key of a number that is not about a label. */
export function scoreKey(set: string): string {
  return `image_score_${set}`;
}

/** Returns whether the metadata key has a label or a score of this set. */
export function isKeyOfSet(key: string, set: LabelSet): boolean {
  if (set !== null && key === scoreKey(set)) return true;
  const rest = key.startsWith(labelKey(1, set)) ? key.slice(labelKey(1, set).length) : "none";
  return /^(|_score|_\d+)$/.test(rest);
}

/** Returns the metadata without the labels and scores of models. */
export function withoutLabels(metadata: Metadata): Metadata {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !labelKeyPattern.test(key)));
}
