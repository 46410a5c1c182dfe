/** Reads the size of a JPEG XL image from its header, so that an image that is too large is never decoded. */
import { jxlCorrupt } from "./errors.js";

/** Aspect ratios that the header has a number for. 0: the width is written. */
const ratios = [null, [1, 1], [12, 10], [4, 3], [3, 2], [16, 9], [5, 4], [2, 1]] as const;
/** Numbers of bits of a side, by selector. */
const sideBits = [9, 13, 18, 30] as const;

/** The size as it is stored: orientation may exchange the sides. Throws `image_corrupt`. */
export function jxlSize(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  const bits = new BitReader(bytes, codestreamAt(bytes) + 2);
  const isSmall = bits.read(1) === 1;
  const side = (): number => (isSmall ? (bits.read(5) + 1) * 8 : bits.read(sideBits[bits.read(2)]!) + 1);
  const height = side();
  const ratio = ratios[bits.read(3)]!;
  const width = ratio === null ? side() : Math.floor((height * ratio[0]) / ratio[1]);
  if (bits.isPastEnd) throw jxlCorrupt("its size");
  return { width, height };
}

/** Returns where the codestream begins: at once, or in a box of the container. */
function codestreamAt(bytes: Uint8Array): number {
  if (bytes[0] === 0xff && bytes[1] === 0x0a) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length; ) {
    const type = Buffer.from(bytes.buffer, bytes.byteOffset + at + 4, 4).toString("latin1");
    const isLong = view.getUint32(at) === 1;
    if (type === "jxlc") return at + (isLong ? 16 : 8);
    // A partial codestream begins with its number.
    if (type === "jxlp") return at + (isLong ? 20 : 12);
    const boxBytes = isLong && at + 16 <= bytes.length ? Number(view.getBigUint64(at + 8)) : view.getUint32(at);
    if (boxBytes < 8) break;
    at += boxBytes;
  }
  throw jxlCorrupt("no codestream");
}

class BitReader {
  #at: number;
  #bit = 0;

  constructor(
    readonly bytes: Uint8Array,
    start: number,
  ) {
    this.#at = start;
  }

  get isPastEnd(): boolean {
    return this.#at > this.bytes.length || (this.#at === this.bytes.length && this.#bit > 0);
  }

  /** Reads a number, the lowest bit first. */
  read(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index += 1) {
      value += (((this.bytes[this.#at] ?? 0) >> this.#bit) & 1) * 2 ** index;
      this.#bit += 1;
      if (this.#bit < 8) continue;
      this.#bit = 0;
      this.#at += 1;
    }
    return value;
  }
}
