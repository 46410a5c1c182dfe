/** A fake embedder whose vectors are clustered, as those of photos are. They are a fixed function of the bytes. */
import { type MemoryEmbedderOptions, memoryEmbedder } from "../src/adapters/memory/index.js";
import type { Embedder } from "../src/contracts/index.js";
import { vectorSource } from "./vectors.js";

const clusters = 500;
/** The numbers of a centre are normally distributed with variance 1, and those of the fake embedder uniformly from -1 to 1. */
const spread = 0.5;

export function clusteredEmbedder(options: MemoryEmbedderOptions & { readonly dimension: number }): Embedder {
  const { dimension } = options;
  const embedder: Embedder = memoryEmbedder(options);
  const nextCentre = vectorSource("uniform", { dimension, seed: 7 });
  const centres = Array.from({ length: clusters }, nextCentre);
  const embed = embedder.embed.bind(embedder);
  embedder.embed = async (slab, signal) => {
    const vectors = await embed(slab, signal);
    for (let start = 0; start < vectors.values.length; start += dimension) {
      const vector = vectors.values.subarray(start, start + dimension);
      const centre = centres[Math.floor(((vector[0]! + 1) / 2) * clusters) % clusters]!;
      for (let at = 0; at < dimension; at += 1) vector[at] = centre[at]! + spread * vector[at]!;
    }
    return vectors;
  };
  return embedder;
}
