/** Finds the labels whose vectors are nearest to the vector of an image. */
import type { Label, Metadata, TextEmbedder, Vectors } from "../contracts/index.js";
import { labelKey, labelScoreKey } from "../kit/index.js";
import { vectorAt } from "./vectorize.js";

/** Which labels images get: the nearest ones of all labels of the model, or of a list of texts. */
export interface LabelChoice {
  /** Number of labels per image. */
  readonly count: number;
  /** null: all labels of the model. */
  readonly texts: readonly string[] | null;
}

/** Returns the metadata with the labels of an image. */
export type Labeller = (vector: Float32Array) => Metadata;

/** Embeds the texts of the labels once. Throws the errors of `embedText`. `labels` are the labels of the model. */
export async function makeLabeller(
  embedder: Pick<TextEmbedder, "embedText">,
  labels: readonly Label[],
  { count, texts }: LabelChoice,
  signal: AbortSignal,
): Promise<Labeller> {
  const names = texts ?? [...new Set(labels.map(({ text }) => text))];
  const vectors = await embedder.embedText(names, signal);
  return (vector) => {
    const scores = scoresOf(vectors, vector);
    const best = names.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]!);
    const ranked = best.slice(0, count).map((index, rank) => [labelKey(rank + 1), names[index]!] as const);
    return { ...Object.fromEntries(ranked), [labelScoreKey]: scores[best[0]!]! };
  };
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
