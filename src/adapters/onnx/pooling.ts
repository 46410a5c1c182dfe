/** Makes one vector per image of the vectors of its patches. */
import type { InferenceAnswer, Pooling } from "./protocol.js";

/** `shape`: of `values`, [images, patches, numbers]. Another shape, and no pooling, leave the values as they are. */
export function pooled(values: Float32Array, shape: readonly number[], pooling: Pooling | null): InferenceAnswer {
  const [images = 0, patches = 0, numbers = 0] = shape;
  if (pooling === null || shape.length !== 3 || patches === 0) return { values, shape };
  const vectors = new Float32Array(images * numbers);
  for (let image = 0; image < images; image += 1) {
    const first = image * patches * numbers;
    const vector = vectors.subarray(image * numbers, (image + 1) * numbers);
    if (pooling === "cls") vector.set(values.subarray(first, first + numbers));
    else vector.set(meanOf(values.subarray(first, first + patches * numbers), numbers));
  }
  return { values: vectors, shape: [images, numbers] };
}

/** Sums in doubles, so that the order of many patches does not matter. */
function meanOf(values: Float32Array, numbers: number): Float64Array {
  const mean = new Float64Array(numbers);
  const share = numbers / values.length;
  for (let at = 0; at < values.length; at += 1) mean[at % numbers] = (mean[at % numbers] ?? 0) + (values[at] ?? 0) * share;
  return mean;
}
