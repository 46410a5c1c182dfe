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
  return new Uint8Array(
    Buffer.concat([
      signature,
      pngChunk("IHDR", header),
      ...(profile === undefined ? [] : [pngChunk("iCCP", Buffer.concat([Buffer.from("icc\0\0", "latin1"), deflateSync(profile)]))]),
      pngChunk("IDAT", deflateSync(rows, { level })),
      pngChunk("IEND", Buffer.alloc(0)),
    ]),
  );
}

/** Returns a chunk of a PNG, with its length and checksum. `type` has four letters. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, "latin1");
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}
