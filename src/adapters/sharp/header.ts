/** Reads the oriented size of an image from its header, and estimates the memory for decoding. */
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
/**
 * Lines that the pipeline keeps in memory. A JPEG is shrunk while it is read, other formats afterwards. Measured at 24 megapixels: 390
 * and 1,640.
 */
const linesHeld = { jpeg: 512, others: 2048 };
/** Memory of threads, tables and the codec, for any image. */
const overheadBytes = mebibyte;
/** Frames of 4 bytes per pixel that these codecs hold. Measured at 24 megapixels: 2.0, 1.2 and 4.3. */
const wholeFrames: Readonly<Record<string, number>> = { webp: 2.1, gif: 1.3, heif: 4.5 };
/** Rotation keeps the whole image in memory. The factor covers the overhead. */
const rotationFactor = 1.1;
/** Bytes per channel and pixel of images that are decoded completely before resizing. */
const wholeRasterBytes = { cmyk: 1.4, bilevel: 1.3, usual: 0 };
/** EXIF orientations that keep the order of the rows. All others need the whole image first. */
const rowOrderKept = new Set([1, 2]);

export interface MeasuredHeader extends ImageMeasure {
  /** "cmyk": CMYK without a colour profile. "bilevel": at most two colours. */
  readonly pixels: "cmyk" | "bilevel" | "usual";
  /** Channels to decode. */
  readonly channels: 1 | 3;
}

/** Size after orientation, and the decoder's peak memory without input and output. */
export function measureHeader(header: Metadata): MeasuredHeader {
  const { width, height } = header.autoOrient ?? header;
  if (!width || !height) throw new HeadraceError("image_corrupt", "image: expected a size in the header, found none");
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
  const rotated = rowOrderKept.has(header.orientation ?? 1) ? 0 : rotationFactor * frameBytes;
  const frames = wholeFrames[header.format ?? ""];
  if (frames !== undefined) return frames * Math.max(frameBytes, pixels * 4) + rotated;
  if (header.isProgressive) return pixels * coefficientBytes(header) + rotated;
  const lines = header.format === "jpeg" ? linesHeld.jpeg : linesHeld.others;
  return Math.min(lineBytes * lines, frameBytes) + rotated;
}

/** Bytes per pixel. A progressive JPEG keeps the 16-bit coefficients of every plane. An interlaced PNG keeps the whole image. */
function coefficientBytes(header: Metadata): number {
  if (header.format !== "jpeg") return (header.channels ?? 4) * (bytesPerValue[header.depth ?? "uchar"] ?? 8);
  return header.chromaSubsampling === "4:2:0" ? 3.3 : 2.1 * (header.channels ?? 3);
}
