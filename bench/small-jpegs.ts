/** A folder of small JPEGs with different contents. They cost little to decode, so a sleeping model is the limit even beside others. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";

const side = 48;

export async function smallJpegs(folder: string, count: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (let at = 0; at < count; at += 1) {
    const pixels = Buffer.alloc(side * side * 3, at & 0xff);
    pixels.writeUInt32BE(Math.imul(at, 2_654_435_761) >>> 0, (at % side) * 3);
    const raw = { width: side, height: side, channels: 3 } as const;
    await writeFile(join(folder, `${String(at).padStart(6, "0")}.jpg`), await sharp(pixels, { raw }).jpeg().toBuffer());
  }
  return folder;
}
