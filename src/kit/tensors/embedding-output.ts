/**
 * Chooses which output of a model is the embedding. All embedders use the same rule, so that a model gives the same vectors with every
 * embedder.
 */

/** One output in the declaration of a model. */
export interface DeclaredOutput {
  readonly name: string;
  /** "float": a floating-point type of 16, 32 or 64 bits. */
  readonly type: "float" | "other";
  /** The shape of the output without the batch dimension. Null: a dimension whose size is dynamic. */
  readonly row: readonly (number | null)[];
}

export type EmbeddingChoice<T extends DeclaredOutput> =
  /** `output` is the embedding. `dimension` is null if the declaration does not contain the length of the embedding. */
  | { readonly kind: "found"; readonly output: T; readonly dimension: number | null }
  /** The model has no output with the wanted name. */
  | { readonly kind: "absent" }
  /** The wanted output, or the only output, does not have one vector of floats per image. */
  | { readonly kind: "unfit"; readonly output: T }
  /** The model has several outputs. None of them can be the embedding, or more than one can be and the names do not help. */
  | { readonly kind: "undecided" };

/** Names of outputs that are probably the embedding. The first name has the highest priority. */
export const embeddingNames: readonly string[] = ["embedding", "embeddings", "image_embeds", "image_embedding", "pooler_output"];
const looksLikeEmbedding = /embed|feature|pool|vector/i;

/**
 * Returns the output with the name `wanted`. If `wanted` is null, only outputs with one vector of floats per image are candidates. A single
 * candidate is chosen. Of several candidates, the one whose name comes first in `embeddingNames` is chosen. If no candidate has such a
 * name, a candidate is chosen if it alone matches `looksLikeEmbedding`. The order of the outputs does not matter.
 */
export function embeddingOutput<T extends DeclaredOutput>(outputs: readonly T[], wanted: string | null): EmbeddingChoice<T> {
  const [only, ...others] = wanted === null ? outputs : outputs.filter(({ name }) => name === wanted);
  if (only === undefined) return { kind: wanted === null ? "undecided" : "absent" };
  if (others.length === 0) return choice(only);
  const fit = outputs.filter((output) => choice(output).kind === "found");
  const named = embeddingNames.flatMap((name) => fit.filter((output) => output.name === name));
  const similar = fit.filter(({ name }) => looksLikeEmbedding.test(name));
  const found = fit.length === 1 ? fit[0] : (named[0] ?? (similar.length === 1 ? similar[0] : undefined));
  return found === undefined ? { kind: "undecided" } : choice(found);
}

/** Returns the length of the vector that an output has per image. Null: a dynamic length. "none": the output is not a single vector. */
export function vectorLength(row: readonly (number | null)[]): number | null | "none" {
  const [wide, ...others] = row.filter((size) => size !== 1);
  if (row.length === 0 || others.length > 0) return "none";
  return wide === undefined ? 1 : wide;
}

function choice<T extends DeclaredOutput>(output: T): EmbeddingChoice<T> {
  const dimension = vectorLength(output.row);
  return output.type === "float" && dimension !== "none" ? { kind: "found", output, dimension } : { kind: "unfit", output };
}
