/** Two fake models of the same dimension whose vectors are perpendicular, so that a score tells which model made both vectors. */
import type { Embedder } from "../../src/contracts/index.js";
import { plainSlab } from "../../src/kit/index.js";

export type Twin = "old" | "new";

export const twinDimension = 16;
const half = twinDimension / 2;
const side = 8;
const rowBytes = side * side * 3;

/** `work` is called once per batch, before its vectors are made. */
export function twinEmbedder(twin: Twin, work: () => Promise<void> = async () => undefined): Embedder {
  return {
    name: "twin",
    label: `twin ${twin}`,
    dimension: twinDimension,
    input: { dtype: "uint8", layout: "NHWC", width: side, height: side },
    feed: { preferredBatch: 32, maxBatch: 64, parallel: 2 },
    check: async () => undefined,
    lease: (rows) => plainSlab(rows, rowBytes),
    embed: async ({ rows, bytes }) => {
      await work();
      const vectors = Array.from({ length: rows }, (_, row) => twinVector(twin, bytes.subarray(row * rowBytes, (row + 1) * rowBytes)));
      return { dimension: twinDimension, values: Float32Array.from(vectors.flatMap((vector) => [...vector])) };
    },
  };
}

/** The vector of length 1 for 8 × 8 pixels. The old model uses the first half of the numbers, the new one the second half. */
export function twinVector(twin: Twin, pixels: Uint8Array): Float32Array {
  const sums = new Float32Array(half);
  pixels.forEach((value, index) => {
    sums[index % half] = (sums[index % half] ?? 0) + (value - 127.5) * (((index * 7919 + (twin === "old" ? 3 : 5)) % 13) - 6);
  });
  const length = Math.hypot(...sums);
  const vector = new Float32Array(twinDimension);
  vector.set(
    sums.map((value) => value / length),
    twin === "old" ? 0 : half,
  );
  return vector;
}
