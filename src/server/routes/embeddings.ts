/** Embeds the images of a request, and writes vectors as JSON. */
import { HeadraceError } from "../../contracts/index.js";
import { Semaphore } from "../../kit/index.js";
import { type GivenSource, inputOf, refuseTooMany } from "../insertions/sources.js";
import type { ServerContext } from "../requests/route.js";

export type VectorEncoding = "float" | "base64";

/** The embedding of one image, or why it has none. */
export type EmbeddedImage = { readonly vector: Float32Array } | { readonly error: HeadraceError };

/** Images of one request that are read and decoded at the same time. */
const maxParallel = 8;

/** Returns one result per image, in order. Throws what is wrong with the request as a whole, or with the embedder. */
export async function embedSources(
  { pipeline, settings, urlBytes }: Pick<ServerContext, "pipeline" | "settings" | "urlBytes">,
  sources: readonly GivenSource[],
  signal: AbortSignal,
): Promise<readonly EmbeddedImage[]> {
  refuseTooMany(sources, settings.server);
  const inputs = await Promise.all(sources.map((source) => inputOf(source, settings.server)));
  const parallel = new Semaphore(maxParallel);
  const embed = async (input: (typeof inputs)[number]): Promise<EmbeddedImage> => {
    try {
      return { vector: await pipeline.embedImage(input, { signal, urlBytes }) };
    } catch (thrown) {
      const error = HeadraceError.from(thrown);
      if (error.scope !== "item") throw error;
      return { error };
    }
  };
  return Promise.all(inputs.map((input) => parallel.run(1, signal, "embedding", () => embed(input))));
}

/** A list of numbers, or base64 of little-endian float32. */
export function encoded(vector: Float32Array, encoding: VectorEncoding): readonly number[] | string {
  if (encoding === "float") return [...vector];
  const bytes = Buffer.alloc(vector.length * Float32Array.BYTES_PER_ELEMENT);
  vector.forEach((value, index) => void bytes.writeFloatLE(value, index * Float32Array.BYTES_PER_ELEMENT));
  return bytes.toString("base64");
}
