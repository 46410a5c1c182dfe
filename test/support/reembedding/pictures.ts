/** Pictures by number: small, all different, and made the same way in every process of a test. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodePng } from "../../../src/kit/index.js";

const writtenAtOnce = 64;

export function pixelsOf(number: number): Uint8Array {
  let state = Math.imul(number + 1, 0x9e3779b1);
  return new Uint8Array(8 * 8 * 3).map(() => {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5;
    return (state >>> 16) & 255;
  });
}

export function pictureOf(number: number): Uint8Array {
  return encodePng({ width: 8, height: 8, channels: 3, data: pixelsOf(number) }, 0);
}

export function pathOf(folder: string, number: number): string {
  return join(folder, String(number % 100), `${number}.png`);
}

/** Writes the pictures of these numbers. */
export async function writePictures(folder: string, numbers: readonly number[]): Promise<void> {
  await Promise.all(
    [...new Set(numbers.map((number) => number % 100))].map((each) => mkdir(join(folder, String(each)), { recursive: true })),
  );
  for (let start = 0; start < numbers.length; start += writtenAtOnce) {
    await Promise.all(
      numbers.slice(start, start + writtenAtOnce).map(async (number) => {
        await writeFile(pathOf(folder, number), pictureOf(number));
      }),
    );
  }
}

/** The number of a picture, from the source of its row. */
export function numberOf(source: string): number {
  return Number(/(\d+)\.png$/.exec(source)?.[1]);
}
