/** A folder of small JPEGs with different contents. They cost little to decode, so a sleeping model is the limit even beside others. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";

const blocks = 6;
const blockPixels = 8;
const side = blocks * blockPixels;

export async function smallJpegs(folder: string, count: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (let at = 0; at < count; at += 1) {
    const raw = { width: side, height: side, channels: 1 } as const;
    await writeFile(join(folder, `${String(at).padStart(6, "0")}.jpg`), await sharp(pattern(at), { raw }).jpeg().toBuffer());
  }
  return folder;
}

/** Light and dark blocks show the bits of the number, so that the images differ after they are compressed, too. */
function pattern(number: number): Buffer {
  const blockOf = (at: number) => Math.floor(at / blockPixels);
  return Buffer.from(
    Array.from({ length: side * side }, (_, at) => {
      const block = blockOf(Math.floor(at / side)) * blocks + blockOf(at % side);
      return (number >> (block % 32)) & 1 ? 220 : 30;
    }),
  );
}
