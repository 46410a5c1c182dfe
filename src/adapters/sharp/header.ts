/** What an image's header tells: its oriented size, and what decoding will need. */
import type { Metadata } from "sharp";
import { HeadraceError, type ImageMeasure } from "../../contracts/index.js";
import { mebibyte } from "../../kit/index.js";

const bytesPerValue: Readonly<Record<string, number>> = {
  uchar: 1,
  char: 1,
  ushort: 2,
  short: 2,
  uint: 4,
  int: 4,
  float: 4,
  complex: 8,
  double: 8,
};
/** Lines that a pipeline keeps on the way: a JPEG is shrunk while it is read, the others after. Measured at 24 megapixels: 390 and 1,640. */
const linesHeld = { jpeg: 512, others: 2048 };
/** Memory of threads, tables and the codec itself, for any image. */
const overheadBytes = mebibyte;
/** Pictures of 4 bytes a pixel that a codec holds. Measured at 24 megapixels: 2.0, 1.2 and 4.3. */
const wholeFrames: Readonly<Record<string, number>> = { webp: 2.1, gif: 1.3, heif: 4.5 };
/** A turned image is kept whole, in pieces. */
const turnedShare = 1.1;
/** Bytes per channel of a pixel, for images that are decoded as a whole before they are resized. */
const wholeRasterBytes = { cmyk: 1.4, bilevel: 1.3, usual: 0 };
/** Orientations that need the last row before the first. */
const upright = new Set([1, 2]);

export interface MeasuredHeader extends ImageMeasure {
  /** "cmyk": cyan, magenta, yellow and black, without a profile. "bilevel": no more than two colours. */
  readonly pixels: "cmyk" | "bilevel" | "usual";
  /** That decoding needs to give. */
  readonly channels: 1 | 3;
}

/** Size after orientation, and the decoder's peak beside input and output. */
export function measureHeader(header: Metadata): MeasuredHeader {
  const { width, height } = header.autoOrient ?? header;
  if (!width || !height) throw new HeadraceError("image_corrupt", "The image has no size");
  const pixels = pixelsOf(header);
  const channels = pixels === "bilevel" && header.space === "b-w" ? 1 : 3;
  const wholeBytes = wholeRasterBytes[pixels] * channels * width * height;
  return { width, height, pixels, channels, peakBytes: overheadBytes + peakBytes(header, width * height) + wholeBytes };
}

function pixelsOf({ space, channels, depth, hasProfile, bitsPerSample }: Metadata): MeasuredHeader["pixels"] {
  if (space === "cmyk" && channels === 4 && depth === "uchar" && !hasProfile) return "cmyk";
  return bitsPerSample === 1 ? "bilevel" : "usual";
}

function peakBytes(header: Metadata, pixels: number): number {
  const pixelBytes = (header.channels ?? 4) * (bytesPerValue[header.depth ?? "uchar"] ?? 8);
  const frameBytes = pixels * pixelBytes;
  const lineBytes = (header.width ?? 1) * pixelBytes;
  const rotated = upright.has(header.orientation ?? 1) ? 0 : turnedShare * frameBytes;
  const frames = wholeFrames[header.format ?? ""];
  if (frames !== undefined) return frames * Math.max(frameBytes, pixels * 4) + rotated;
  if (header.isProgressive) return pixels * coefficientBytes(header) + rotated;
  const lines = header.format === "jpeg" ? linesHeld.jpeg : linesHeld.others;
  return Math.min(lineBytes * lines, frameBytes) + rotated;
}

/** A progressive JPEG keeps 16-bit coefficients of every plane; an interlaced PNG its picture. */
function coefficientBytes(header: Metadata): number {
  if (header.format !== "jpeg") return (header.channels ?? 4) * (bytesPerValue[header.depth ?? "uchar"] ?? 8);
  return header.chromaSubsampling === "4:2:0" ? 3.3 : 2.1 * (header.channels ?? 3);
}
