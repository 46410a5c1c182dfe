/** Reads tags from data in the form of a TIFF file, which is also the form of EXIF. */
import { type ByteOrder, Bytes } from "./bytes.js";
import { decodedText } from "./text.js";

/** Bytes of a value of each type: byte, text, short, long, rational, and so on. */
const sizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];
const types = { byte: 1, short: 3, long: 4, rational: 5, signedLong: 9, signedRational: 10, float64: 12 };
const maxEntries = 1_000;
const maxTextBytes = 4_096;
const maxNumbers = 16;

interface Value {
  readonly type: number;
  readonly count: number;
  readonly at: number;
}

/** One directory of tags. Tags that it does not have, or that cannot be read, are null. */
export class Directory {
  readonly #values = new Map<number, Value>();

  constructor(
    readonly bytes: Bytes,
    readonly order: ByteOrder,
    start: number,
  ) {
    const entries = start === 0 ? 0 : Math.min(bytes.uint16(start, order), maxEntries);
    for (let entry = 0; entry < entries; entry += 1) {
      const at = start + 2 + 12 * entry;
      if (at + 12 > bytes.length) break;
      const tag = bytes.uint16(at, order);
      const type = bytes.uint16(at + 2, order);
      const count = bytes.uint32(at + 4, order);
      const size = (sizes[type] ?? 0) * count;
      const value = { type, count, at: size <= 4 ? at + 8 : bytes.uint32(at + 8, order) };
      if (size > 0 && value.at + size <= bytes.length && !this.#values.has(tag)) this.#values.set(tag, value);
    }
  }

  text(tag: number): string | null {
    const value = this.#values.get(tag);
    return value === undefined || sizes[value.type] !== 1
      ? null
      : decodedText(this.bytes.part(value.at, Math.min(value.count, maxTextBytes)).data);
  }

  number(tag: number): number | null {
    return this.numbers(tag)[0] ?? null;
  }

  /** A rational number with the denominator 0 is NaN or infinite. What is no number is NaN. */
  numbers(tag: number): readonly number[] {
    const value = this.#values.get(tag);
    if (value === undefined) return [];
    const size = sizes[value.type]!;
    return Array.from({ length: Math.min(value.count, maxNumbers) }, (_, index) => this.#number(value.type, value.at + index * size));
  }

  /** The raw bytes of a tag. */
  block(tag: number): Bytes | null {
    const value = this.#values.get(tag);
    return value === undefined ? null : this.bytes.part(value.at, value.count * sizes[value.type]!);
  }

  /** The directory whose place the tag gives. */
  directory(tag: number): Directory {
    return new Directory(this.bytes, this.order, this.number(tag) ?? 0);
  }

  #number(type: number, at: number): number {
    const { bytes, order } = this;
    if (type === types.short) return bytes.uint16(at, order);
    if (type === types.long) return bytes.uint32(at, order);
    if (type === types.rational) return bytes.uint32(at, order) / bytes.uint32(at + 4, order);
    if (type === types.signedLong) return bytes.int32(at, order);
    if (type === types.signedRational) return bytes.int32(at, order) / bytes.int32(at + 4, order);
    if (type === types.float64) return bytes.float64(at, order);
    return type === types.byte ? bytes.uint8(at) : Number.NaN;
  }
}

/** Returns the first directory, which is empty if the data is not in this form. */
export function firstDirectory(block: Bytes): Directory {
  const named = block.latin1(0, 6) === "Exif\0\0" ? block.part(6) : block;
  const start = named.latin1(0, 4);
  if (start === "II*\0") return new Directory(named, "little", named.uint32(4, "little"));
  if (start === "MM\0*") return new Directory(named, "big", named.uint32(4, "big"));
  return new Directory(new Bytes(new Uint8Array()), "big", 0);
}
