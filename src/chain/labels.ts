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
  /** Labels with a lower cosine are left out. An image may then have no label. Default: no minimum. */
  readonly minScore?: number;
  /** A sentence with `{}` at the place of the label, which is embedded instead of the label alone. Default: `{}`. */
  readonly template?: string;
}

/** Returns the metadata with the labels of an image. */
export type Labeller = (vector: Float32Array) => Metadata;

/** Embeds the texts of the labels once. Throws the errors of `embedText`. `labels` are the labels of the model. */
export async function makeLabeller(
  embedder: Pick<TextEmbedder, "embedText">,
  labels: readonly Label[],
  { count, texts, minScore = Number.NEGATIVE_INFINITY, template = "{}" }: LabelChoice,
  signal: AbortSignal,
): Promise<Labeller> {
  const names = [...new Set(texts ?? labels.map(({ text }) => text))];
  const vectors = await embedder.embedText(
    names.map((name) => template.replaceAll("{}", () => name)),
    signal,
  );
  return (vector) => {
    const scores = scoresOf(vectors, vector);
    const fitting = names.flatMap((_, index) => (scores[index]! >= minScore ? [index] : []));
    const [best, ...others] = fitting.sort((a, b) => scores[b]! - scores[a]!).slice(0, count);
    if (best === undefined) return {};
    const ranked = [best, ...others].map((index, rank) => [labelKey(rank + 1), names[index]!] as const);
    return { ...Object.fromEntries(ranked), [labelScoreKey]: scores[best]! };
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
