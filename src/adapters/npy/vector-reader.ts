/** Reads one vector from the bytes of a `.npy` file, as `numpy.save` writes it. */
import { float16ToFloat32 } from "../../kit/index.js";
import { npyArray } from "./format.js";

const numbersOf: Readonly<Record<string, (bytes: ArrayBuffer) => Float32Array>> = {
  "<f2": (bytes) => float16ToFloat32(new Uint16Array(bytes)),
  "<f4": (bytes) => new Float32Array(bytes),
  "<f8": (bytes) => Float32Array.from(new Float64Array(bytes)),
};

/** Returns null unless the file has a single vector of float16, float32 or float64. Its shape is `(n,)` or `(1, n)`. */
export function parseNpyVector(bytes: Uint8Array): Float32Array | null {
  const header = npyArray(bytes);
  if (header === null) return null;
  const sides = header.shape.filter((side) => side !== 1);
  const convert = numbersOf[header.type];
  const length = header.shape.reduce((product, side) => product * side, 1);
  const data = Uint8Array.from(bytes.subarray(header.headerBytes)).buffer;
  if (convert === undefined || sides.length > 1 || data.byteLength !== length * Number(header.type.slice(2))) return null;
  return convert(data);
}
