/** Computes the embeddings of query images, of probe images and for `embedImages`. The steps are the same as in a run. */
import { type Embedder, type Encoded, HeadraceError, type Pixels, type Vectors } from "../contracts/index.js";
import { chunksOf, plainSlab, rowBytes } from "../kit/index.js";
import type { Chain } from "./chain.js";
import { checkVector, normalizeVector } from "./normalize.js";

/** Copies tensors into the memory of the embedder and computes their embeddings. At most `feed.maxBatch` tensors are allowed. */
export async function embedTensors(embedder: Embedder, tensors: readonly Uint8Array[], signal: AbortSignal): Promise<Vectors> {
  const slab = embedder.lease(tensors.length);
  const wrong = tensors.find((tensor) => tensor.byteLength !== slab.rowBytes);
  if (wrong !== undefined) {
    slab.release();
    throw new HeadraceError("model_mismatch", `${embedder.label}: expected tensors of ${slab.rowBytes} bytes, found ${wrong.byteLength}`);
  }
  tensors.forEach((tensor, row) => {
    slab.bytes.set(tensor, row * slab.rowBytes);
  });
  return embedder.embed(slab, signal);
}

/** Returns one embedding of a batch. The result is a view of the batch, not a copy. */
export function vectorAt({ values, dimension }: Vectors, row: number): Float32Array {
  return values.subarray(row * dimension, (row + 1) * dimension);
}

/**
 * Checks an embedding, and scales it to length 1 in place if `normalize` is "l2". Throws `vector_invalid`. `item` is the source of the
 * image, for the error.
 */
export function finishVector(vector: Float32Array, normalize: Chain["normalize"], item?: string): Float32Array {
  if (normalize === "l2") return normalizeVector(vector, item);
  checkVector(vector, item);
  return vector;
}

/** Decodes an image to the pixels that `vectorize` takes. They need far less memory than the image. */
export function decodePixels({ decoder, preprocessing }: Chain, image: Encoded, signal: AbortSignal): Promise<Pixels> {
  return decoder.decode(image, preprocessing.geometry, signal);
}

/** Returns the checked and normalised embeddings of decoded images, in order. */
export async function vectorize(chain: Chain, decoded: readonly Pixels[], signal: AbortSignal): Promise<readonly Float32Array[]> {
  const vectors: Float32Array[] = [];
  const { maxBatch } = chain.embedder.feed;
  for (const chunk of chunksOf(decoded, maxBatch)) {
    const tensors = await tensorsOf(chain, chunk, signal);
    const embedded = await embedTensors(chain.embedder, tensors, signal);
    vectors.push(...tensors.map((_, row) => finishVector(vectorAt(embedded, row), chain.normalize)));
  }
  return vectors;
}

/** Returns the tensors of decoded images, in order. */
export async function tensorsOf(chain: Chain, decoded: readonly Pixels[], signal: AbortSignal): Promise<readonly Uint8Array[]> {
  const { preprocessor } = chain;
  if (preprocessor === null) return decoded.map(({ data }) => data);
  const slab = plainSlab(decoded.length, rowBytes(preprocessor.output));
  await preprocessor.run(decoded, slab, signal);
  return decoded.map((_, row) => slab.bytes.subarray(row * slab.rowBytes, (row + 1) * slab.rowBytes));
}
