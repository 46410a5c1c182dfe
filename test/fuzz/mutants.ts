/** Damaged images for the fuzz test: whole images of thirteen kinds, each changed at a place that a seed decides. */
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomWords } from "../odd-images/random.js";

/** The files in `bases`. Mutant n is made of kind n modulo 13, so that the first mutants have all kinds. */
export const kinds = [
  ...["baseline.jpg", "progressive.jpg", "plain.png", "palette.png", "lossy.webp", "lossless.webp", "frame.gif"],
  ...["plain.tif", "lzw.tif", "plain.avif", "plain.bmp", "plain.heic", "plain.jxl"],
] as const;
export type Kind = (typeof kinds)[number];

export const allMutants = 2_000;
const basesFolder = join("test", "fuzz", "bases");

/** Writes mutants 0 to `count` - 1 into a folder, and returns their names in this order. */
export async function writeMutants(folder: string, count: number): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const bases = kinds.map((kind) => readFileSync(join(basesFolder, kind)));
  const names: string[] = [];
  for (let index = 0; index < count; index++) {
    const name = mutantName(index);
    await writeFile(join(folder, name), mutant(bases[index % kinds.length]!, index));
    names.push(name);
  }
  return names;
}

export function mutantName(index: number): string {
  return `${String(index).padStart(4, "0")}-${kindOf(index)}`;
}

export function kindOf(index: number): Kind {
  return kinds[index % kinds.length]!;
}

/** Returns a copy of the image with the damage of mutant `index`. */
export function mutant(whole: Uint8Array, index: number): Uint8Array {
  const words = randomWords(index + 1);
  // The first numbers of neighbouring seeds are alike.
  for (let skipped = 0; skipped < 8; skipped++) words();
  const below = (limit: number): number => words() % Math.max(1, limit);
  const damages = Object.values(damage);
  return damages[below(damages.length)]!(Buffer.from(whole), below);
}

type Below = (limit: number) => number;

const maxRunBytes = 64;
/** Most headers end before this byte. */
const headerBytes = 96;

const damage = {
  truncation: (bytes: Buffer, below: Below) => bytes.subarray(0, 1 + below(bytes.length - 1)),
  flippedBits: (bytes: Buffer, below: Below) => {
    for (let flips = 1 + below(4); flips > 0; flips--) flip(bytes, below(bytes.length), below);
    return bytes;
  },
  zeros: (bytes: Buffer, below: Below) => {
    const from = below(bytes.length);
    return bytes.fill(0, from, Math.min(bytes.length, from + 1 + below(maxRunBytes)));
  },
  noise: (bytes: Buffer, below: Below) => {
    const from = below(bytes.length);
    const to = Math.min(bytes.length, from + 1 + below(maxRunBytes));
    for (let at = from; at < to; at++) bytes[at] = below(256);
    return bytes;
  },
  missing: (bytes: Buffer, below: Below) => {
    const from = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + below(maxRunBytes))]);
  },
  headerField: (bytes: Buffer, below: Below) => {
    flip(bytes, below(Math.min(headerBytes, bytes.length)), below);
    return bytes;
  },
  length: (bytes: Buffer, below: Below) => {
    const { at, size, order } = lengthField(bytes, below);
    const values = [0, 1, 2 ** (8 * size) - 1, 2 ** (8 * size - 1) - 1, below(2 ** (8 * size - 1))];
    const value = values[below(values.length)]!;
    if (order === "big") bytes.writeUIntBE(value, at, size);
    else bytes.writeUIntLE(value, at, size);
    return bytes;
  },
} as const satisfies Readonly<Record<string, (bytes: Buffer, below: Below) => Uint8Array>>;

function flip(bytes: Buffer, at: number, below: Below): void {
  bytes[at]! ^= 1 << below(8);
}

interface Field {
  readonly at: number;
  readonly size: 2 | 4;
  readonly order: "big" | "little";
}

/** Names of chunks and boxes whose length stands before them: PNG, AVIF, HEIC and JPEG XL. */
const lengthBefore = ["IHDR", "PLTE", "IDAT", "IEND", "ftyp", "meta", "iloc", "iinf", "iprp", "ipco", "ispe", "ipma", "mdat", "jxlc"];
/** Names of chunks whose length stands after them: WebP. */
const lengthAfter = ["RIFF", "VP8 ", "VP8L", "VP8X"];
/** Second bytes of JPEG markers that a length follows. */
const jpegMarkers = [0xe0, 0xdb, 0xc0, 0xc2, 0xc4, 0xda];

/** Returns one of the lengths in the file; where the format has none of these, a word of the header. */
function lengthField(bytes: Buffer, below: Below): Field {
  const places = (names: readonly string[]) => names.map((name) => bytes.indexOf(name, 0, "latin1")).filter((at) => at >= 4 || at === 0);
  const markers = bytes[0] === 0xff && bytes[1] === 0xd8 ? jpegMarkers.map((marker) => bytes.indexOf(Buffer.from([0xff, marker]))) : [];
  const fields: readonly Field[] = [
    ...places(lengthBefore).map((at) => ({ at: at - 4, size: 4, order: "big" }) as const),
    ...places(lengthAfter).map((at) => ({ at: at + 4, size: 4, order: "little" }) as const),
    ...markers.filter((at) => at >= 0).map((at) => ({ at: at + 2, size: 2, order: "big" }) as const),
  ].filter(({ at, size }) => at >= 0 && at + size <= bytes.length);
  if (fields.length > 0) return fields[below(fields.length)]!;
  return { at: 2 * below(headerBytes / 2 - 2), size: 4, order: "little" };
}
