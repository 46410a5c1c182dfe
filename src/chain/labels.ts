/** Finds the labels whose vectors are nearest to the vector of an image. */
import type { Label, Metadata, TextEmbedder, Vectors } from "../contracts/index.js";
import { type LabelSet, labelKey, labelScoreKey } from "../kit/index.js";
import { vectorAt } from "./vectorize.js";

/** What a model says about images, as metadata. It sees their vectors only. */
export interface Labeller {
  /** The labels and scores that it replaces. */
  readonly set: LabelSet;
  /** Returns the labels or the score of each vector. Where nothing is good enough, there is none. */
  label(vectors: readonly Float32Array[], signal: AbortSignal): Promise<readonly Metadata[]>;
}

/** How many labels are kept, and which. */
export interface LabelLimits {
  /** Number of labels per image. */
  readonly count: number;
  /** Labels with a lower cosine, or a lower probability, are left out. An image may then have no label. Default: no minimum. */
  readonly minScore?: number;
  /** Names a set of labels, so that an image can have several: `image_label_style`. Default: the set without a name, `image_label`. */
  readonly set?: LabelSet;
}

/** Which labels images get: the nearest ones of all labels of the model, or of a list of texts. */
export interface LabelChoice extends LabelLimits {
  /** null: all labels of the model. */
  readonly texts: readonly string[] | null;
  /**
   * Sentences with `{}` at the place of the label, which are embedded instead of the label alone. With several, a label has the mean of their
   * vectors, scaled to length 1, as in the published evaluations of CLIP. Default: `{}`.
   */
  readonly templates?: readonly string[];
}

/** Embeds the texts of the labels once. Throws the errors of `embedText`. `labels` are the labels of the model. */
export async function makeLabeller(
  embedder: Pick<TextEmbedder, "embedText">,
  labels: readonly Label[],
  { texts, templates = ["{}"], ...limits }: LabelChoice,
  signal: AbortSignal,
): Promise<Labeller> {
  const names = [...new Set(texts ?? labels.map(({ text }) => text))];
  const sentences = names.flatMap((name) => templates.map((template) => template.replaceAll("{}", () => name)));
  const ofNames = meansOf(await embedder.embedText(sentences, signal), templates.length);
  return {
    set: limits.set ?? null,
    label: async (vectors) => vectors.map((vector) => bestLabels(names, scoresOf(ofNames, vector), limits)),
  };
}

/** Returns the metadata with the labels that have the highest scores. `scores`: one for each name. */
export function bestLabels(
  names: readonly string[],
  scores: ArrayLike<number>,
  { count, minScore = Number.NEGATIVE_INFINITY, set = null }: LabelLimits,
): Metadata {
  const fitting = names.flatMap((_, index) => (scores[index]! >= minScore ? [index] : []));
  const [best, ...others] = fitting.sort((a, b) => scores[b]! - scores[a]!).slice(0, count);
  if (best === undefined) return {};
  const ranked = [best, ...others].map((index, rank) => [labelKey(rank + 1, set), names[index]!] as const);
  return { ...Object.fromEntries(ranked), [labelScoreKey(set)]: scores[best]! };
}

/** Returns the mean of each `size` rows that follow each other, scaled to length 1. */
function meansOf(vectors: Vectors, size: number): Vectors {
  if (size === 1) return vectors;
  const { dimension, values } = vectors;
  const means = new Float32Array(values.length / size);
  for (let label = 0; label * dimension < means.length; label += 1) {
    const sums = new Float64Array(dimension);
    for (let row = 0; row < size; row += 1) {
      for (const [at, value] of vectorAt(vectors, label * size + row).entries()) sums[at] = (sums[at] ?? 0) + value;
    }
    const length = Math.hypot(...sums);
    means.set(
      sums.map((sum) => sum / length),
      label * dimension,
    );
  }
  return { dimension, values: means };
}

/** Returns the cosine of the vector and of each row. The rows have length 1. */
function scoresOf(vectors: Vectors, vector: Float32Array): readonly number[] {
  const length = Math.hypot(...vector);
  return Array.from({ length: vectors.values.length / vectors.dimension }, (_, row) => {
    const label = vectorAt(vectors, row);
    let product = 0;
    for (let i = 0; i < label.length; i += 1) product += label[i]! * vector[i]!;
    return product / length;
  });
}
