/** Reads a query vector: a JSON list of numbers, or a `.npy` file. */
import { HeadraceError } from "../../contracts/index.js";

/** `name`: the name of the file, for errors. Throws `query_invalid`. */
export async function parseVector(bytes: Uint8Array, name: string): Promise<Float32Array> {
  if (bytes[0] === 0x93) return npyVector(bytes, name);
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch (cause) {
    throw invalid(name, "a JSON list of numbers, or a .npy file", (cause as Error).message, cause);
  }
  if (!Array.isArray(found) || !found.every((value) => Number.isFinite(value))) {
    throw invalid(name, "a JSON list of finite numbers", "other JSON");
  }
  return Float32Array.from(found as readonly number[]);
}

async function npyVector(bytes: Uint8Array, name: string): Promise<Float32Array> {
  const { parseNpyVector } = await import("../../adapters/npy/index.js");
  const vector = parseNpyVector(bytes);
  if (vector === null) throw invalid(name, "a .npy file with one vector of float16, float32 or float64", "another array");
  return vector;
}

function invalid(name: string, expected: string, found: string, cause?: unknown): HeadraceError {
  return new HeadraceError("query_invalid", `query vector: ${name}: expected ${expected}, found ${found}`, {
    item: name,
    hint: "Save the vector with numpy.save, or write it as a JSON list.",
    cause,
  });
}
