/** The version of a row whose vector came without its image. It changes with the vector and the source, and the version of no image is like it. */
import { createHash } from "node:crypto";

const prefix = "vector:";
const digits = 32;

/** `source`: of the image that the vector belongs to. */
export function vectorVersion(vector: Float32Array, source: string): string {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  return prefix + createHash("sha256").update(bytes).update(source).digest("hex").slice(0, digits);
}

export function isVectorVersion(version: string): boolean {
  return version.startsWith(prefix);
}
