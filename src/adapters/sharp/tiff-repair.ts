/** Repairs a TIFF that ends too early: adds zeros, so that the rows before its end are decoded, like in Pillow. */

const dimensionTags = { width: 256, height: 257 } as const;
const offsetTags = [273, 324];
const lengthTags = [279, 325];
const entryBytes = 12;
/** Sizes of values by the type of an entry. Other types do not occur in these entries. */
const valueBytes: Readonly<Record<number, 2 | 4>> = { 3: 2, 4: 4 };
/** No strip of an image that may be decoded is longer than this many bytes per pixel. */
const maxPixelBytes = 16;

/** Returns `bytes` if its directory cannot be read, or if no pixels are missing. */
export function repairedTiff(bytes: Uint8Array, maxPixels: number): Uint8Array {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (source.length < 8) return bytes;
  const numbers = numbersOf(source);
  const at = numbers.read(4, 4);
  const entries = at + 2 <= source.length ? numbers.read(at, 2) : 0;
  const values = new Map<number, readonly number[]>();
  for (let entry = 0; entry < entries; entry += 1) {
    const from = at + 2 + entry * entryBytes;
    if (from + entryBytes > source.length) return bytes;
    values.set(numbers.read(from, 2), valuesAt(numbers, from, source.length));
  }
  const [width = 0] = values.get(dimensionTags.width) ?? [];
  const [height = 0] = values.get(dimensionTags.height) ?? [];
  const pixels = width * height;
  const offsets = offsetTags.flatMap((tag) => values.get(tag) ?? []);
  const lengths = lengthTags.flatMap((tag) => values.get(tag) ?? []);
  const end = offsets.reduce((most, offset, strip) => Math.max(most, offset + (lengths[strip] ?? 0)), 0);
  if (end <= source.length || pixels > maxPixels || end > source.length + pixels * maxPixelBytes) return bytes;
  return Buffer.concat([source, Buffer.alloc(end - source.length)]);
}

interface Numbers {
  read(at: number, size: 2 | 4): number;
}

function numbersOf(source: Buffer): Numbers {
  const isLittle = source[0] === 0x49;
  return { read: (at, size) => (isLittle ? source.readUIntLE(at, size) : source.readUIntBE(at, size)) };
}

/** Returns the numbers of an entry: in the entry itself if they fit into four bytes, else where it points to. */
function valuesAt(numbers: Numbers, entry: number, fileBytes: number): readonly number[] {
  const size = valueBytes[numbers.read(entry + 2, 2)];
  const count = numbers.read(entry + 4, 4);
  if (size === undefined || count * size > fileBytes) return [];
  const at = count * size <= 4 ? entry + 8 : numbers.read(entry + 8, 4);
  if (at + count * size > fileBytes) return [];
  return Array.from({ length: count }, (_, index) => numbers.read(at + index * size, size));
}
