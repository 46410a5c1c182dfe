/** Reads numbers and texts from bytes. What lies outside the bytes reads as zero or as no text, so that no file makes a reader throw. */

export type ByteOrder = "little" | "big";

export class Bytes {
  readonly #view: DataView;

  constructor(readonly data: Uint8Array) {
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get length(): number {
    return this.data.byteLength;
  }

  uint8(at: number): number {
    return this.#has(at, 1) ? this.#view.getUint8(at) : 0;
  }

  uint16(at: number, order: ByteOrder = "big"): number {
    return this.#has(at, 2) ? this.#view.getUint16(at, order === "little") : 0;
  }

  uint32(at: number, order: ByteOrder = "big"): number {
    return this.#has(at, 4) ? this.#view.getUint32(at, order === "little") : 0;
  }

  int32(at: number, order: ByteOrder): number {
    return this.#has(at, 4) ? this.#view.getInt32(at, order === "little") : 0;
  }

  float64(at: number, order: ByteOrder): number {
    return this.#has(at, 8) ? this.#view.getFloat64(at, order === "little") : 0;
  }

  /** A big-endian number of 0, 2, 4 or 8 bytes. Numbers above 2⁵³ are rounded. */
  unsigned(at: number, size: number): number {
    if (size === 8) return this.uint32(at) * 2 ** 32 + this.uint32(at + 4);
    if (size === 4) return this.uint32(at);
    return size === 2 ? this.uint16(at) : 0;
  }

  latin1(at: number, size: number): string {
    const [start, end] = this.#range(at, size);
    return Buffer.from(this.data.buffer, this.data.byteOffset + start, end - start).toString("latin1");
  }

  /** The bytes from `at` on, at most `size`. */
  part(at: number, size: number = this.length): Bytes {
    const [start, end] = this.#range(at, size);
    return new Bytes(this.data.subarray(start, end));
  }

  #range(at: number, size: number): readonly [start: number, end: number] {
    const start = Math.min(Math.max(0, at), this.length);
    return [start, Math.min(this.length, start + Math.max(0, size))];
  }

  #has(at: number, size: number): boolean {
    return at >= 0 && at + size <= this.length;
  }
}
