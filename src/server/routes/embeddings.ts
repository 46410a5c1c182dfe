/** Embeds the images and texts of a request, and writes vectors as JSON. */
import { HeadraceError } from "../../contracts/index.js";
import { Semaphore } from "../../kit/index.js";
import { type GivenSource, inputOf, refuseTooMany } from "../insertions/sources.js";
import type { ServerContext } from "../requests/route.js";
import { Refused } from "../wire/problems.js";
import { maxTexts } from "../wire/wire.js";

export type VectorEncoding = "float" | "base64";

/** An image or a text. */
export type Embeddable = GivenSource & { readonly text?: string | undefined };

/** The embedding of one image or text, or why it has none. */
export type EmbeddedOne = { readonly vector: Float32Array } | { readonly error: HeadraceError };

/** Images and texts of one request that are embedded at the same time. */
const maxParallel = 8;

/** Returns one result per image or text, in order. Throws what is wrong with the request as a whole, or with the embedder. */
export async function embedAll(
  { pipeline, settings, urlBytes }: Pick<ServerContext, "pipeline" | "settings" | "urlBytes">,
  given: readonly Embeddable[],
  signal: AbortSignal,
): Promise<readonly EmbeddedOne[]> {
  const images = given.filter(({ text }) => text === undefined);
  refuseTooMany(images, settings.server);
  const texts = given.length - images.length;
  if (texts > maxTexts) throw new Refused("body_too_large", `texts: expected at most ${maxTexts}, found ${texts}.`);
  const parallel = new Semaphore(maxParallel);
  const embed = async (work: () => Promise<Float32Array>): Promise<EmbeddedOne> => {
    try {
      return { vector: await parallel.run(1, signal, "embedding", work) };
    } catch (thrown) {
      const error = HeadraceError.from(thrown);
      if (error.scope !== "item" && error.code !== "word_unknown") throw error;
      return { error };
    }
  };
  // A path that is refused fails the request before anything is embedded.
  const works = await Promise.all(
    given.map(async ({ text, ...source }) => {
      if (text !== undefined) return () => pipeline.embedText(text, { signal });
      const input = await inputOf(source, settings.server);
      return () => pipeline.embedImage(input, { signal, urlBytes });
    }),
  );
  return Promise.all(works.map(embed));
}

/**
 * Returns a function that cuts vectors of the model to `dimensions` numbers, which then have unit length again if `embedder.normalize` is set.
 * Throws `request_invalid` for a length for which the model was not trained.
 */
export async function shortened(
  { pipeline, settings: { embedder } }: Pick<ServerContext, "pipeline" | "settings">,
  dimensions: number | undefined,
): Promise<(vector: Float32Array) => Float32Array> {
  const whole = await pipeline.dimension();
  if (dimensions === undefined || dimensions === whole) return (vector) => vector;
  const allowed = embedder.matryoshka.filter((length) => length < whole);
  if (!allowed.includes(dimensions)) {
    const others = allowed.length === 0 ? "" : ` or ${allowed.join(" or ")}, which embedder.matryoshka names`;
    throw new Refused("request_invalid", `dimensions: expected ${whole}, the dimension of the model,${others} found ${dimensions}.`);
  }
  return (vector) => {
    const cut = vector.slice(0, dimensions);
    const norm = Math.hypot(...cut);
    return embedder.normalize && norm > 0 ? cut.map((value) => value / norm) : cut;
  };
}

/** A list of numbers, or base64 of little-endian float32. */
export function encoded(vector: Float32Array, encoding: VectorEncoding): readonly number[] | string {
  if (encoding === "float") return [...vector];
  const bytes = Buffer.alloc(vector.length * Float32Array.BYTES_PER_ELEMENT);
  vector.forEach((value, index) => void bytes.writeFloatLE(value, index * Float32Array.BYTES_PER_ELEMENT));
  return bytes.toString("base64");
}
