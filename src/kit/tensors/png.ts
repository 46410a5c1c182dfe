/** Writes PNG files with unfiltered rows: probe images, and pictures of formats that the decoder does not read itself. */
import { crc32, deflateSync } from "node:zlib";

/** Decoded pixels. `data` has `width × height × channels` bytes, row by row. */
export interface PngPixels {
  readonly width: number;
  readonly height: number;
  /** 3: red, green, blue. 4: red, green, blue, alpha. */
  readonly channels: 3 | 4;
  readonly data: Uint8Array;
  /** An ICC profile. Default: none, which means sRGB. */
  readonly profile?: Uint8Array;
}

const colourTypes = { 3: 2, 4: 6 } as const;
const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);

/** `level`: how much to compress, from 0 to 9. */
export function encodePng({ width, height, channels, data, profile }: PngPixels, level: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, colourTypes[channels], 0, 0, 0], 8);
  const rowBytes = width * channels;
  const rows = Buffer.alloc(height * (1 + rowBytes));
  for (let y = 0; y < height; y += 1) rows.set(data.subarray(y * rowBytes, (y + 1) * rowBytes), y * (1 + rowBytes) + 1);
  return joined([
    signature,
    pngChunk("IHDR", header),
    ...(profile === undefined ? [] : [pngChunk("iCCP", Buffer.concat([Buffer.from("icc\0\0", "latin1"), deflateSync(profile)]))]),
    ...chunkParts("IDAT", deflateSync(rows, { level })),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Returns a chunk of a PNG, with its length and checksum. `type` has four letters. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  return Buffer.concat(chunkParts(type, data));
}

/** Returns the parts of a chunk. `data` is not copied, because the pixels of a large picture are most of its memory. */
function chunkParts(type: string, data: Uint8Array): readonly Uint8Array[] {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length, 0);
  head.write(type, 4, "latin1");
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(data, crc32(head.subarray(4))), 0);
  return [head, data, checksum];
}

/** Returns the parts one after another, in a buffer of their own. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}
