/** The pictures of the histories: tiny, all different, some damaged, one that nobody can read. */
import { createHash } from "node:crypto";
import sharp from "sharp";
import { encodeGrey } from "../../odd-images/png.js";
import { randomBytes } from "../../odd-images/random.js";

export interface Picture {
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes in hex, as rows have it. */
  readonly content: string;
  /** "damaged": the first part can be decoded. "unreadable": no image at all. */
  readonly kind: "whole" | "damaged" | "unreadable";
}

const [wholeCount, damagedCount, side] = [8, 2, 12];
const damagedSide = 64;

/** The same pictures in every process. */
export async function drawPictures(): Promise<readonly Picture[]> {
  const whole = Array.from({ length: wholeCount }, (_, at) => {
    const grey = randomBytes(at + 1, side * side);
    return picture(
      encodeGrey(side, side, 8, (x, y) => grey[y * side + x] ?? 0),
      "whole",
    );
  });
  const damaged: Picture[] = [];
  for (let at = 0; at < damagedCount; at += 1) {
    const raw = { width: damagedSide, height: damagedSide, channels: 3 } as const;
    const jpeg = await sharp(randomBytes(at + 101, damagedSide * damagedSide * 3), { raw })
      .jpeg()
      .toBuffer();
    damaged.push(picture(jpeg.subarray(0, Math.floor(jpeg.byteLength * 0.6)), "damaged"));
  }
  return [...whole, ...damaged, picture(Buffer.from("This is no image."), "unreadable")];
}

function picture(bytes: Uint8Array, kind: Picture["kind"]): Picture {
  return { bytes, content: createHash("sha256").update(bytes).digest("hex"), kind };
}
