/** Scales vectors to length 1. */
import type { Vectors } from "../../contracts/index.js";

export function unitRows({ dimension, values }: Vectors): Vectors {
  const unit = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += dimension) {
    const length = Math.hypot(...values.subarray(start, start + dimension));
    for (let i = start; i < start + dimension; i += 1) unit[i] = values[i]! / length;
  }
  return { dimension, values: unit };
}
