/** Reads the numbers and texts of a whole `.npy` array, as `numpy.save` writes it. */
import { float16ToFloat32 } from "../../kit/index.js";
import { type NpyArray, npyArray } from "./format.js";

const numbersOf: Readonly<Record<string, (bytes: ArrayBuffer) => Iterable<number | bigint>>> = {
  "<f2": (bytes) => float16ToFloat32(new Uint16Array(bytes)),
  "<f4": (bytes) => new Float32Array(bytes),
  "<f8": (bytes) => new Float64Array(bytes),
  "|i1": (bytes) => new Int8Array(bytes),
  "|u1": (bytes) => new Uint8Array(bytes),
  "<i2": (bytes) => new Int16Array(bytes),
  "<i4": (bytes) => new Int32Array(bytes),
  "<i8": (bytes) => new BigInt64Array(bytes),
};

/** An array with one or two dimensions. A vector is a single row. */
export interface NpyMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Row by row. */
  readonly values: Float64Array;
}

/** Returns null unless the bytes are an array of numbers with one or two dimensions. */
export function npyMatrix(bytes: Uint8Array): NpyMatrix | null {
  const header = npyArray(bytes);
  const convert = numbersOf[header?.type ?? ""];
  if (header === null || convert === undefined || header.shape.length > 2) return null;
  const [rows, columns] = header.shape.length === 2 ? [header.shape[0]!, header.shape[1]!] : [1, header.shape[0] ?? 1];
  const data = dataOf(bytes, header, rows * columns * Number(header.type.slice(2)));
  if (data === null) return null;
  const values = Float64Array.from(convert(data), Number);
  return { rows, columns, values: header.isByColumns ? transposed(values, columns, rows) : values };
}

/** Returns null unless the bytes are a list of texts or whole numbers. Numbers are written as texts. */
export function npyTexts(bytes: Uint8Array): readonly string[] | null {
  const header = npyArray(bytes);
  const [length, ...more] = header?.shape ?? [];
  if (header === null || length === undefined || more.length > 0) return null;
  const [, kind, size] = /^[<|]([USiu])(\d+)$/.exec(header.type) ?? [];
  if (kind === undefined) return null;
  if (kind === "i" || kind === "u") {
    const data = dataOf(bytes, header, length * Number(size));
    return data === null ? null : Array.from(numbersOf[header.type]?.(data) ?? [], String);
  }
  const textBytes = Number(size) * (kind === "U" ? 4 : 1);
  const data = dataOf(bytes, header, length * textBytes);
  if (data === null) return null;
  return Array.from({ length }, (_, at) => textOf(Buffer.from(data, at * textBytes, textBytes), kind));
}

/** numpy fills texts up with zeros. */
function textOf(bytes: Buffer, kind: string): string {
  if (kind === "S") return bytes.toString("utf8").replace(/\0+$/, "");
  const points = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readUInt32LE(at * 4));
  return String.fromCodePoint(...points.map((point) => (point <= 0x10ffff ? point : 0xfffd))).replace(/\0+$/, "");
}

function dataOf(bytes: Uint8Array, { headerBytes }: NpyArray, expectedBytes: number): ArrayBuffer | null {
  const data = Uint8Array.from(bytes.subarray(headerBytes)).buffer;
  return data.byteLength === expectedBytes ? data : null;
}

function transposed(values: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!);
}
