/** Reads the size of the upright image from the header of a file, and estimates the memory that decoding needs. */
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
 * Number of image lines that libvips keeps in memory while it decodes and resizes. A JPEG is shrunk while it is read, other formats are
 * shrunk afterwards. Measured with images of 24 megapixels: 390 lines for JPEG, 1,640 for others.
 */
const linesHeld = { jpeg: 512, others: 2048 };
/** An image of these formats that is not larger than this is decoded as a whole, because that is faster. */
const wholeFormats = new Set(["jpeg", "png", "webp"]);
const maxWholeBytes = 4 * mebibyte;
/** Memory that any image needs, for threads, tables and the codec. */
const overheadBytes = mebibyte;
/** Number of whole frames, at 4 bytes per pixel, that these codecs keep in memory. Measured with 24 megapixels: 2.0, 1.2 and 4.3. */
const wholeFrames: Readonly<Record<string, number>> = { webp: 2.1, gif: 1.3, heif: 4.5 };
/** To rotate an image, libvips keeps the whole image in memory, with some overhead. This is the memory as a multiple of the image. */
const rotationFactor = 1.1;
/** Bytes per channel and pixel for kinds of images that are decoded completely before resizing. Other images: 0. */
const wholeRasterBytes = { cmyk: 1.4, bilevel: 1.3, usual: 0 };
/** The EXIF orientations that keep the order of the rows. For all others, libvips needs the whole image before it can rotate. */
const rowOrderKept = new Set([1, 2]);

export interface MeasuredHeader extends ImageMeasure {
  /** "cmyk": CMYK without a colour profile. "bilevel": at most two colours. */
  readonly pixels: "cmyk" | "bilevel" | "usual";
  /** Number of colour channels to decode. */
  readonly channels: 1 | 3;
  /** "whole": the image is decoded into memory before it is resized. "rows": row by row, as they are needed. */
  readonly access: "whole" | "rows";
}

/** The fields that are missing were not in the header of the file. */
type Header = Partial<Metadata>;

/** Returns the size of the upright image, and the peak memory of decoding. The peak does not include the file and the resulting pixels. */
export function measureHeader(header: Header): MeasuredHeader {
  const { width, height } = header.autoOrient ?? header;
  if (!width || !height) throw new HeadraceError("image_corrupt", "image: expected a size in the header, found none");
  const pixels = pixelsOf(header);
  const channels = pixels === "bilevel" && header.space === "b-w" ? 1 : 3;
  const wholeBytes = wholeRasterBytes[pixels] * channels * width * height;
  const access = wholeFormats.has(header.format ?? "") && frameBytes(header, width * height) <= maxWholeBytes ? "whole" : "rows";
  return { width, height, pixels, channels, access, peakBytes: overheadBytes + peakBytes(header, width * height, access) + wholeBytes };
}

/** Returns the same for an image that a converter turns into a PNG first. */
export function convertedHeader(
  { width, height }: { readonly width: number; readonly height: number },
  bytesPerPixel: number,
): MeasuredHeader {
  return { width, height, pixels: "usual", channels: 3, access: "rows", peakBytes: overheadBytes + width * height * bytesPerPixel };
}

function pixelsOf({ space, channels, depth, hasProfile, bitsPerSample }: Header): MeasuredHeader["pixels"] {
  if (space === "cmyk" && channels === 4 && depth === "uchar" && !hasProfile) return "cmyk";
  return bitsPerSample === 1 ? "bilevel" : "usual";
}

function frameBytes(header: Header, pixels: number): number {
  return pixels * (header.channels ?? 4) * (bytesPerValue[header.depth ?? "uchar"] ?? 8);
}

function peakBytes(header: Header, pixels: number, access: MeasuredHeader["access"]): number {
  const frame = frameBytes(header, pixels);
  const rotated = rowOrderKept.has(header.orientation ?? 1) ? 0 : rotationFactor * frame;
  const frames = wholeFrames[header.format ?? ""];
  if (frames !== undefined) return frames * Math.max(frame, pixels * 4) + rotated;
  if (header.isProgressive) return pixels * coefficientBytes(header) + rotated;
  if (access === "whole") return frame + rotated;
  const lines = header.format === "jpeg" ? linesHeld.jpeg : linesHeld.others;
  return Math.min(frameBytes(header, header.width ?? 1) * lines, frame) + rotated;
}

/** Returns the bytes per pixel that the decoder keeps: for a progressive JPEG the 16-bit coefficients, for an interlaced PNG the image. */
function coefficientBytes(header: Header): number {
  if (header.format !== "jpeg") return (header.channels ?? 4) * (bytesPerValue[header.depth ?? "uchar"] ?? 8);
  return header.chromaSubsampling === "4:2:0" ? 3.3 : 2.1 * (header.channels ?? 3);
}
