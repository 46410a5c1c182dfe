/** Grey PNGs of any depth, written by hand, as encoders do not make the odd ones. */
import { crc32, deflateSync } from "node:zlib";

/**
 * A grey PNG of `bits` a pixel; `value` gives each pixel, its low bits count. With `pack`, the compressed rows are
 * whatever it returns, so that a header can promise more than there is.
 */
export function encodeGrey(
  width: number,
  height: number,
  bits: 1 | 8,
  value: ((x: number, y: number) => number) | null,
  pack: () => Uint8Array = () => deflateSync(rows(width, height, bits, value ?? (() => 0))),
): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, 0, 0, 0, 0], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", pack()), chunk("IEND", new Uint8Array(0))]);
}

function rows(width: number, height: number, bits: 1 | 8, value: (x: number, y: number) => number): Uint8Array {
  const rowBytes = 1 + Math.ceil((width * bits) / 8);
  const bytes = Buffer.alloc(height * rowBytes);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * rowBytes + 1 + ((x * bits) >> 3);
      const shift = 8 - bits - ((x * bits) & 7);
      bytes[at] = (bytes[at] ?? 0) | ((value(x, y) & ((1 << bits) - 1)) << shift);
    }
  }
  return bytes;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  frame.set(body, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}
