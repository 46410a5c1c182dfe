/** Writes and parses the header of a `.npy` file that contains a matrix of little-endian float32 numbers in row order. */

/** Size of the headers that `npyHeader` makes: magic number, version, length, and the description padded with spaces. */
const npyHeaderBytes = 128;

const npyMagic = "\x93NUMPY";

export interface NpyShape {
  readonly rows: number;
  readonly dimension: number;
}

export function npyHeader({ rows, dimension }: NpyShape): Uint8Array {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dimension}), }`;
  const bytes = Buffer.alloc(npyHeaderBytes, " ");
  bytes.write(`${npyMagic}\x01\x00`, 0, "latin1");
  bytes.writeUInt16LE(npyHeaderBytes - 10, 8);
  bytes.write(description, 10, "latin1");
  bytes.write("\n", npyHeaderBytes - 1, "latin1");
  return bytes;
}

/** Parses the header at the start of a file. Returns null unless the file contains a float32 matrix in row order. */
export function parseNpyHeader(start: Uint8Array): (NpyShape & { readonly headerBytes: number }) | null {
  const array = npyArray(start);
  const [rows, dimension, ...more] = array?.shape ?? [];
  if (array?.type !== "<f4" || array.isByColumns || rows === undefined || dimension === undefined || more.length > 0) return null;
  return { rows, dimension, headerBytes: array.headerBytes };
}

/** What the header of a `.npy` file says. `type` is numpy's name of the number type, such as `<f4`. */
export interface NpyArray {
  readonly type: string;
  readonly shape: readonly number[];
  /** Whether the numbers of a column follow each other, instead of those of a row. */
  readonly isByColumns: boolean;
  readonly headerBytes: number;
}

/** Parses the header at the start of a file. Returns null unless the file contains an array. */
export function npyArray(start: Uint8Array): NpyArray | null {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  if (bytes.length < 12 || bytes.toString("latin1", 0, npyMagic.length) !== npyMagic) return null;
  const isLong = bytes[6] !== 1;
  const from = isLong ? 12 : 10;
  const headerBytes = from + (isLong ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const text = bytes.toString("latin1", from, headerBytes);
  const type = /'descr': '([^']+)'/.exec(text)?.[1];
  const shape = /'shape': \(([\d, ]*)\)/.exec(text)?.[1];
  const order = /'fortran_order': (True|False)/.exec(text)?.[1];
  if (type === undefined || shape === undefined || order === undefined) return null;
  return { type, shape: (shape.match(/\d+/g) ?? []).map(Number), isByColumns: order === "True", headerBytes };
}
