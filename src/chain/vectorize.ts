/** One path from images to vectors for queries, probes and `embedImages`, the same as in a run. */
import { type Embedder, type Encoded, HeadraceError, type Vectors } from "../contracts/index.js";
import { chunksOf, plainSlab, rowBytes } from "../kit/index.js";
import type { Chain } from "./chain.js";
import { checkVector, normalizeVector } from "./normalize.js";

/** Copies tensors into the embedder's memory and embeds them; at most `feed.maxBatch` of them. */
export async function embedTensors(embedder: Embedder, tensors: readonly Uint8Array[], signal: AbortSignal): Promise<Vectors> {
  const slab = embedder.lease(tensors.length);
  const wrong = tensors.find((tensor) => tensor.byteLength !== slab.rowBytes);
  if (wrong !== undefined) {
    slab.release();
    throw new HeadraceError(
      "model_mismatch",
      `tensors for ${embedder.label}: expected ${slab.rowBytes} bytes each, found ${wrong.byteLength}`,
    );
  }
  tensors.forEach((tensor, row) => {
    slab.bytes.set(tensor, row * slab.rowBytes);
  });
  return embedder.embed(slab, signal);
}

/** Row `row` of a batch of embeddings: a view, not a copy. */
export function vectorAt({ values, dimension }: Vectors, row: number): Float32Array {
  return values.subarray(row * dimension, (row + 1) * dimension);
}

/** Makes an embedding fit to be stored, in place. Throws `vector_invalid`; `item` names the image in the error. */
export function finishVector(vector: Float32Array, normalize: Chain["normalize"], item?: string): Float32Array {
  if (normalize === "l2") return normalizeVector(vector, item);
  checkVector(vector, item);
  return vector;
}

/** The finished vectors of a few images, in their order; throws the first error. */
export async function vectorize(chain: Chain, images: readonly Encoded[], signal: AbortSignal): Promise<readonly Float32Array[]> {
  const vectors: Float32Array[] = [];
  const { maxBatch } = chain.embedder.feed;
  for (const some of chunksOf(images, maxBatch)) {
    const tensors = await tensorsOf(chain, some, signal);
    const embedded = await embedTensors(chain.embedder, tensors, signal);
    vectors.push(...tensors.map((_, row) => finishVector(vectorAt(embedded, row), chain.normalize)));
  }
  return vectors;
}

/** The tensors of a few images, in their order. */
export async function tensorsOf(chain: Chain, images: readonly Encoded[], signal: AbortSignal): Promise<readonly Uint8Array[]> {
  const { decoder, preprocessor, preprocessing } = chain;
  const pixels = await Promise.all(images.map((image) => decoder.decode(image, preprocessing.geometry, signal)));
  if (preprocessor === null) return pixels.map(({ data }) => data);
  const slab = plainSlab(images.length, rowBytes(preprocessor.output));
  await preprocessor.run(pixels, slab, signal);
  return pixels.map((_, row) => slab.bytes.subarray(row * slab.rowBytes, (row + 1) * slab.rowBytes));
}
