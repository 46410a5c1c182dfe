/** Decodes images with sharp. */
import type { SharpOptions as Input, Metadata } from "sharp";
import type { Encoded, Geometry, ImageDecoder, ImageMeasure, Pixels, ResizeFilter } from "../../contracts/index.js";
import { ByteBudget } from "./budget.js";
import { enlarge, enlarges, insideOf, neededSpan, type Raster, type Span } from "./enlarge.js";
import { fromDecodeError, pixelsExceeded } from "./errors.js";
import { type Axis, type Plan, planGeometry } from "./geometry.js";
import { measureHeader } from "./header.js";
import { loadSharp, type Sharp } from "./load.js";

export interface DecoderOptions {
  /** An image with more pixels is `image_too_large`. Default 268,402,689. */
  readonly maxPixels?: number;
  /** Memory for decoding beside input and output, of all images at once; one that needs more is decoded alone. Default 256 MiB. */
  readonly decodeBudgetBytes?: number;
}

const kernels = { bicubic: "cubic", bilinear: "linear", lanczos3: "lanczos3", nearest: "nearest" } as const satisfies Record<
  ResizeFilter,
  string
>;
const white = "#ffffff";
/** Of an image as tall as a tower, only the rows that are needed are decoded. */
const maxRasterBytes = 16 * 1024 * 1024;

/**
 * A decoder of JPEG, PNG, WebP, GIF, AVIF, TIFF and SVG. Applies EXIF orientation and colour profiles, puts transparency
 * on white, takes the first frame. Anything that the codec so much as warns about is `image_corrupt`.
 */
export function sharpDecoder(options: DecoderOptions = {}): ImageDecoder {
  return new SharpDecoder(options);
}

class SharpDecoder implements ImageDecoder {
  readonly name = "sharp";
  readonly #maxPixels: number;
  readonly #budget: ByteBudget;
  readonly #measured = new WeakMap<Encoded, Promise<ImageMeasure>>();
  #loading: Promise<Sharp> | undefined;

  constructor(options: DecoderOptions) {
    this.#maxPixels = options.maxPixels ?? 268_402_689;
    this.#budget = new ByteBudget(options.decodeBudgetBytes ?? 256 * 1024 * 1024);
  }

  async open(): Promise<void> {
    await this.#sharp();
  }

  measure(image: Encoded): Promise<ImageMeasure> {
    const known = this.#measured.get(image);
    if (known !== undefined) return known;
    const measuring = this.#measure(image);
    this.#measured.set(image, measuring);
    return measuring;
  }

  async decode(image: Encoded, target: Geometry, signal: AbortSignal): Promise<Pixels> {
    const { width, height, peakBytes } = await this.measure(image);
    const plan = planGeometry(width, height, target);
    const raster = await this.#budget.spend(peakBytes, signal, () => this.#raster(image, plan, target.filter));
    return { ...place(raster, plan), original: { width, height } };
  }

  async #measure(image: Encoded): Promise<ImageMeasure> {
    const sharp = await this.#sharp();
    let header: Metadata;
    try {
      header = await sharp(image.bytes, { ...this.#input(), limitInputPixels: false }).metadata();
    } catch (error) {
      throw fromDecodeError(error, image.bytes);
    }
    const measure = measureHeader(header);
    if (measure.width * measure.height > this.#maxPixels) throw pixelsExceeded(measure.width, measure.height, this.#maxPixels);
    return measure;
  }

  async #raster(image: Encoded, plan: Plan, filter: ResizeFilter): Promise<Raster> {
    const sharp = await this.#sharp();
    try {
      const shrunk = await this.#shrink(sharp, image, plan, filter);
      return enlarges(plan.x) || enlarges(plan.y) ? await enlarge(sharp, shrunk, plan.x, plan.y, filter) : shrunk;
    } catch (error) {
      throw fromDecodeError(error, image.bytes);
    }
  }

  /** Decodes, shrinks the axes that shrink, and takes what is needed of both. */
  async #shrink(sharp: Sharp, image: Encoded, plan: Plan, filter: ResizeFilter): Promise<Raster> {
    const width = Math.min(plan.x.from, plan.x.to);
    const height = Math.min(plan.y.from, plan.y.to);
    const columns = takenSpan(plan.x);
    const rows = takenSpan(plan.y);
    // Rows that are not asked for are not decoded, and damage in them is not noticed: ask for all.
    const asked = height * columns.size * 3 <= maxRasterBytes ? { start: 0, size: height } : rows;
    const data = await sharp(image.bytes, this.#input())
      .autoOrient()
      .flatten({ background: white })
      .resize({ width, height, fit: "fill", kernel: kernels[filter], fastShrinkOnLoad: false })
      .extract({ left: columns.start, top: asked.start, width: columns.size, height: asked.size })
      .toColourspace("srgb")
      .raw()
      .toBuffer();
    const rowBytes = columns.size * 3;
    const first = (rows.start - asked.start) * rowBytes;
    return { width: columns.size, height: rows.size, data: data.subarray(first, first + rows.size * rowBytes) };
  }

  #input(): Input {
    return { failOn: "warning", limitInputPixels: this.#maxPixels, pages: 1 };
  }

  #sharp(): Promise<Sharp> {
    this.#loading ??= loadSharp();
    return this.#loading;
  }
}

function takenSpan(axis: Axis): Span {
  return enlarges(axis) ? insideOf(neededSpan(axis), axis) : { start: axis.cut, size: axis.keep };
}

/** Puts the raster where the plan wants it; one that is as planned stays in the buffer that sharp made for it. */
function place(raster: Raster, plan: Plan): Raster {
  const { width, height, fill, x, y } = plan;
  if (raster.width === width && raster.height === height) return raster;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = fill[i % 3] ?? 0;
  for (let row = 0; row < raster.height; row++) {
    const from = row * raster.width * 3;
    data.set(raster.data.subarray(from, from + raster.width * 3), ((y.at + row) * width + x.at) * 3);
  }
  return { width, height, data };
}
