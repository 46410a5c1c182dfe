/** Inputs that are unusual rather than broken, and how each must end. */
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import type { ErrorCode } from "../../src/contracts/index.js";
import { encodeAs, type Photo } from "./photo.js";
import { encodeGrey } from "./png.js";
import { randomBytes } from "./random.js";

/** What is written under the name: bytes, or something that is no plain file. */
export type OddContent = Uint8Array | "folder" | "pipe" | "broken link";

export interface OddInput {
  /** Name of the file. */
  readonly name: string;
  /** What is odd about it. */
  readonly what: string;
  /** "stored", or the code that it fails with. */
  readonly ends: "stored" | ErrorCode;
  /** Nobody may read it. */
  readonly mode?: number;
  readonly make: (photo: Photo) => Promise<OddContent>;
}

const svg = (body: string, head = "") =>
  Buffer.from(`<?xml version="1.0"?>${head}<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200">${body}</svg>`);

/** In the order of the table in the reference. */
export const oddInputs: readonly OddInput[] = [
  { name: "empty.jpg", what: "no bytes at all", ends: "image_corrupt", make: async () => new Uint8Array(0) },
  {
    name: "truncated.jpg",
    what: "the first half of a JPEG",
    ends: "image_corrupt",
    make: async (photo) => half(await encodeAs(photo, "jpeg")),
  },
  { name: "noise.jpg", what: "10,000 random bytes", ends: "image_unsupported", make: async () => randomBytes(1, 10_000) },
  { name: "text.png", what: "text", ends: "image_unsupported", make: async () => Buffer.from("Not an image.\n".repeat(50)) },
  { name: "jpeg-named.png", what: "a JPEG named .png", ends: "stored", make: (photo) => encodeAs(photo, "jpeg") },
  { name: "bomb.png", what: "30,000 × 30,000 pixels in a small file", ends: "image_too_large", make: async () => bomb() },
  {
    name: "cmyk.jpg",
    what: "a JPEG in CMYK",
    ends: "stored",
    make: async (photo) =>
      sharp(...photo)
        .toColourspace("cmyk")
        .jpeg()
        .toBuffer(),
  },
  {
    name: "sixteen-bit.png",
    what: "16 bits a channel",
    ends: "stored",
    make: async (photo) =>
      sharp(...photo)
        .toColourspace("rgb16")
        .png()
        .toBuffer(),
  },
  { name: "one-bit.png", what: "1 bit a pixel", ends: "stored", make: async () => encodeGrey(320, 214, 1, (x, y) => (x >> 3) + (y >> 3)) },
  {
    name: "grey.png",
    what: "one channel",
    ends: "stored",
    make: async (photo) =>
      sharp(...photo)
        .greyscale()
        .toColourspace("b-w")
        .png()
        .toBuffer(),
  },
  {
    name: "palette.png",
    what: "a palette of 16 colours",
    ends: "stored",
    make: async (photo) =>
      sharp(...photo)
        .png({ palette: true, colours: 16 })
        .toBuffer(),
  },
  {
    name: "transparent.webp",
    what: "half transparent; white shows through",
    ends: "stored",
    make: async (photo) =>
      sharp(...photo)
        .ensureAlpha(0.5)
        .webp()
        .toBuffer(),
  },
  { name: "animated.gif", what: "three frames; the first counts", ends: "stored", make: animated },
  {
    name: "progressive.jpg",
    what: "a progressive JPEG",
    ends: "stored",
    make: async (photo) =>
      sharp(...photo)
        .jpeg({ progressive: true })
        .toBuffer(),
  },
  {
    name: "rotated.jpg",
    what: "EXIF orientation 6; width and height are the upright ones",
    ends: "stored",
    make: async (photo) =>
      sharp(...photo)
        .withMetadata({ orientation: 6 })
        .jpeg()
        .toBuffer(),
  },
  { name: "one-pixel.png", what: "1 × 1 pixel", ends: "stored", make: async () => encodeGrey(1, 1, 8, () => 120) },
  { name: "wide.png", what: "4,000 × 3 pixels", ends: "stored", make: async () => encodeGrey(4000, 3, 8, (x) => x >> 4) },
  { name: "tall.png", what: "3 × 4,000 pixels", ends: "stored", make: async () => encodeGrey(3, 4000, 8, (_, y) => y >> 4) },
  {
    name: "plain.avif",
    what: "AVIF",
    ends: "stored",
    make: async (photo) =>
      sharp(...photo)
        .avif({ effort: 0 })
        .toBuffer(),
  },
  {
    name: "plain.tif",
    what: "TIFF",
    ends: "stored",
    make: async (photo) =>
      sharp(...photo)
        .tiff({ compression: "deflate" })
        .toBuffer(),
  },
  { name: "plain.svg", what: "SVG", ends: "image_unsupported", make: async () => svg('<rect width="100" height="100" fill="red"/>') },
  {
    name: "entity.svg",
    what: "an SVG with an external entity, which is never read",
    ends: "image_corrupt",
    make: async () => svg('<text x="9" y="99">&outside;</text>', '<!DOCTYPE svg [<!ENTITY outside SYSTEM "file:///etc/hostname">]>'),
  },
  {
    name: "outside.svg",
    what: "an SVG that shows a file outside itself",
    ends: "image_unsupported",
    make: async () => svg('<image width="300" height="200" href="file:///etc/hostname"/>'),
  },
  { name: "plain.bmp", what: "BMP", ends: "stored", make: async () => bmp() },
  {
    name: "unreadable.jpg",
    what: "a file that nobody may read",
    ends: "source_forbidden",
    mode: 0,
    make: (photo) => encodeAs(photo, "jpeg"),
  },
  { name: "folder.png", what: "an empty folder named like an image", ends: "source_not_file", make: async () => "folder" },
  { name: "pipe.jpg", what: "a named pipe that nobody writes to", ends: "source_not_file", make: async () => "pipe" },
  { name: "lost.jpg", what: "a link to a file that is gone", ends: "source_not_found", make: async () => "broken link" },
];

function half(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.byteLength >> 1);
}

/** Its rows are never unpacked: only the header has to be right. */
function bomb(): Uint8Array {
  return encodeGrey(30_000, 30_000, 1, null, () => deflateSync(Buffer.alloc(1_000_000), { level: 9 }));
}

async function animated(photo: Photo): Promise<Uint8Array> {
  const frame = await sharp(...photo)
    .resize(160, 107)
    .png()
    .toBuffer();
  const inverted = await sharp(frame).negate().png().toBuffer();
  return sharp([frame, inverted, frame], { join: { animated: true } })
    .gif()
    .toBuffer();
}

/** 2 × 2 pixels, 24 bits each. */
function bmp(): Uint8Array {
  const bytes = Buffer.alloc(70);
  bytes.write("BM");
  bytes.writeUInt32LE(70, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeUInt32LE(2, 18);
  bytes.writeUInt32LE(2, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}
