/** Chooses the output of a model that is the embedding. All embedders use this rule, so that a model gives the same vectors in each. */

/** An output as a model declares it. */
export interface DeclaredOutput {
  readonly name: string;
  /** "float": 16, 32 or 64 bits. */
  readonly type: "float" | "other";
  /** Dimensions after the batch dimension. Null: dynamic. */
  readonly row: readonly (number | null)[];
}

export type EmbeddingChoice<T extends DeclaredOutput> =
  /** `dimension` is null if only an inference shows it. */
  | { readonly kind: "found"; readonly output: T; readonly dimension: number | null }
  /** No output has the wanted name. */
  | { readonly kind: "absent" }
  /** The wanted output, or the only one, is not one vector of floats per image. */
  | { readonly kind: "unfit"; readonly output: T }
  /** The model has several outputs. None is a vector of floats per image, or several are and their names do not decide. */
  | { readonly kind: "undecided" };

/** Names that models give to their embedding, in order of preference. */
export const embeddingNames: readonly string[] = ["embedding", "embeddings", "image_embeds", "image_embedding", "pooler_output"];
const looksLikeEmbedding = /embed|feature|pool|vector/i;

/**
 * Returns the output named `wanted`. If `wanted` is null, it considers the outputs with one vector of floats per image, and takes the
 * only one, else the first of `embeddingNames`, else the only one whose name looks like an embedding. The order of the outputs does
 * not matter.
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

/** The length of the vector in a row. Null: dynamic. "none": the row is not a single vector. */
export function vectorLength(row: readonly (number | null)[]): number | null | "none" {
  const [wide, ...others] = row.filter((size) => size !== 1);
  if (row.length === 0 || others.length > 0) return "none";
  return wide === undefined ? 1 : wide;
}

function choice<T extends DeclaredOutput>(output: T): EmbeddingChoice<T> {
  const dimension = vectorLength(output.row);
  return output.type === "float" && dimension !== "none" ? { kind: "found", output, dimension } : { kind: "unfit", output };
}
