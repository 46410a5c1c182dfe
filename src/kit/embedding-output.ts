/** Which output of a model is the embedding: one rule for all embedders, so that a file gives the same vectors whoever serves it. */

/** An output as a model declares it. */
export interface DeclaredOutput {
  readonly name: string;
  /** "float": of 16, 32 or 64 bits. */
  readonly type: "float" | "other";
  /** Sizes after the batch dimension; null for one that the model leaves open. */
  readonly row: readonly (number | null)[];
}

export type EmbeddingChoice<T extends DeclaredOutput> =
  /** `dimension` is null where only an inference can tell. */
  | { readonly kind: "found"; readonly output: T; readonly dimension: number | null }
  /** No output has the wanted name. */
  | { readonly kind: "absent" }
  /** The wanted output, or the only one, is not one vector of floats per image. */
  | { readonly kind: "unfit"; readonly output: T }
  /** None of several outputs is a vector of floats per image, or several are and their names do not tell which to take. */
  | { readonly kind: "undecided" };

/** Names that models give to their embedding, the most telling first. */
export const embeddingNames: readonly string[] = ["embedding", "embeddings", "image_embeds", "image_embedding", "pooler_output"];
const looksLikeEmbedding = /embed|feature|pool|vector/i;

/**
 * The output called `wanted`; if that is null, of the outputs with one vector of floats per image: the only one, else the first of
 * `embeddingNames`, else the only one whose name speaks of an embedding. The order of the outputs does not count.
 */
export function embeddingOutput<T extends DeclaredOutput>(outputs: readonly T[], wanted: string | null): EmbeddingChoice<T> {
  const [only, ...others] = wanted === null ? outputs : outputs.filter(({ name }) => name === wanted);
  if (only === undefined) return { kind: wanted === null ? "undecided" : "absent" };
  if (others.length === 0) return choice(only);
  const fit = outputs.filter((output) => choice(output).kind === "found");
  const named = embeddingNames.flatMap((name) => fit.filter((output) => output.name === name));
  const alike = fit.filter(({ name }) => looksLikeEmbedding.test(name));
  const found = fit.length === 1 ? fit[0] : (named[0] ?? (alike.length === 1 ? alike[0] : undefined));
  return found === undefined ? { kind: "undecided" } : choice(found);
}

/** The length of the vector in a row; null where it is open. "none": the row is more than one vector. */
export function vectorLength(row: readonly (number | null)[]): number | null | "none" {
  const [wide, ...others] = row.filter((size) => size !== 1);
  if (row.length === 0 || others.length > 0) return "none";
  return wide === undefined ? 1 : wide;
}

function choice<T extends DeclaredOutput>(output: T): EmbeddingChoice<T> {
  const dimension = vectorLength(output.row);
  return output.type === "float" && dimension !== "none" ? { kind: "found", output, dimension } : { kind: "unfit", output };
}
