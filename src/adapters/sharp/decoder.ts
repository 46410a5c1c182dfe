/** Decodes images with sharp. */
import type { SharpOptions as Input, Metadata, Sharp as Pipeline } from "sharp";
import {
  type Encoded,
  type Geometry,
  HeadraceError,
  type ImageConverter,
  type ImageDecoder,
  type Pixels,
  type ResizeFilter,
} from "../../contracts/index.js";
import { formatOf, mebibyte, Semaphore } from "../../kit/index.js";
import { cmykToRgb } from "./cmyk.js";
import { sharpDefaults } from "./defaults.js";
import { fromDecodeError, pixelsExceeded, svgRefused } from "./errors.js";
import { type Axis, type Plan, planGeometry } from "./geometry.js";
import { convertedHeader, type MeasuredHeader, measureHeader } from "./header.js";
import { simpleJpegHeader } from "./jpeg-header.js";
import { loadSharp, type Sharp } from "./load.js";
import type { SharpSection } from "./options.js";
import { repaired } from "./repair.js";
import { type Raster, resample, type Taps, tapsOf } from "./resample.js";
import { whenThreadsAreFree } from "./threads.js";

const kernels = { bicubic: "cubic", bilinear: "linear", lanczos3: "lanczos3", nearest: "nearest" } as const satisfies Record<
  ResizeFilter,
  string
>;
const white = "#ffffff";
/** If the resized rows would need more bytes than this (very tall images), only the rows that the result needs are decoded. */
const maxRasterBytes = 16 * mebibyte;

/**
 * Makes a decoder for JPEG, PNG, WebP, GIF, AVIF, TIFF and SVG. The decoder applies EXIF orientation and colour profiles, puts transparent
 * images on white, and takes the first frame of an animation. If the codec reports a warning, the image fails with `image_corrupt`, or with
 * `damaged: "keep"`, is decoded as far as possible. A missing option has the default of the setting with the same name.
 * `converters`: for formats that sharp cannot read, by the name of the format. A converter is made when its first image comes.
 */
export function sharpDecoder(options: Partial<SharpSection> = {}, converters: Converters = new Map()): ImageDecoder {
  return new SharpDecoder(options, converters);
}

export type Converters = ReadonlyMap<string, () => Promise<ImageConverter>>;

/** An image, and the options to open it with. */
export interface Opened {
  readonly bytes: Uint8Array;
  readonly input: Input;
}

/** What is known of an image before it is decoded. `isDamaged`: a converter could not decode all of it. */
interface Measured {
  readonly width: number;
  readonly height: number;
  readonly header: MeasuredHeader;
  readonly isDamaged: boolean;
}

export class SharpDecoder implements ImageDecoder {
  readonly name = "sharp";
  readonly #maxPixels: number;
  readonly #damaged: SharpSection["damaged"];
  readonly #svg: SharpSection["svg"];
  readonly #converters: Converters;
  /** Limits the memory of all concurrent decode calls. A call that holds a share waits for no other lock, so there can be no deadlock. */
  readonly #memory: Semaphore;
  readonly #measured = new WeakMap<Encoded, Promise<MeasuredHeader>>();
  #loading: Promise<Sharp> | undefined;

  constructor(options: Partial<SharpSection>, converters: Converters, memory = decodeMemory(options)) {
    const { maxPixels, damaged, svg } = { ...sharpDefaults, ...options };
    this.#converters = converters;
    this.#svg = svg;
    this.#maxPixels = maxPixels;
    this.#damaged = damaged;
    this.#memory = memory;
  }

  async open(): Promise<void> {
    await this.#sharp();
  }

  measure(image: Encoded): Promise<MeasuredHeader> {
    const known = this.#measured.get(image);
    if (known !== undefined) return known;
    const measuring = this.#measure(image);
    this.#measured.set(image, measuring);
    return measuring;
  }

  async decode(image: Encoded, target: Geometry, signal: AbortSignal): Promise<Pixels> {
    return this.#within(image, signal, async (bytes, { width, height, header, isDamaged }) => {
      const plan = planGeometry(width, height, target);
      const { value: raster, damaged } = await this.#lenient(bytes, (opened) => this.#raster(opened, plan, target.filter, header));
      return { ...place(raster, plan), original: { width, height }, ...(damaged || isDamaged ? { damaged: true } : {}) };
    });
  }

  /** Passes the image to `draw` in a format that sharp can read. The limits are those of `decode`, and the memory is shared with it. */
  async draw<T>(image: Encoded, signal: AbortSignal, draw: (sharp: Sharp, opened: Opened) => Promise<T>): Promise<T> {
    return this.#within(image, signal, async (bytes) => {
      const sharp = await this.#sharp();
      return (await this.#lenient(bytes, (opened) => draw(sharp, opened))).value;
    });
  }

  /** Measures the image, waits for the memory that it needs, and converts it if sharp cannot read its format. */
  async #within<T>(image: Encoded, signal: AbortSignal, work: (bytes: Uint8Array, measured: Measured) => Promise<T>): Promise<T> {
    const header = await this.measure(image);
    return this.#memory.run(header.peakBytes, signal, "decoding", async () => {
      const converted = await (await this.#converterFor(image))?.convert(image.bytes, this.#damaged);
      const { width, height } = converted ?? header;
      return work(converted?.png ?? image.bytes, { width, height, header, isDamaged: converted?.damaged ?? false });
    });
  }

  #converterFor({ bytes }: Encoded): Promise<ImageConverter> | undefined {
    const format = formatOf(bytes);
    return format === null ? undefined : this.#converters.get(format.name)?.();
  }

  /**
   * Calls `work` with input options that refuse damaged images. If the image is damaged and such images are kept, calls it again with options
   * that accept them. So a whole image is decoded in the same way with both settings.
   */
  async #lenient<T>(bytes: Uint8Array, work: (opened: Opened) => Promise<T>): Promise<{ readonly value: T; readonly damaged: boolean }> {
    const input: Input = { limitInputPixels: this.#maxPixels, pages: 1 };
    const translated = async (opened: Opened): Promise<T> => {
      try {
        return await whenThreadsAreFree(() => work(opened));
      } catch (error) {
        throw fromDecodeError(error, bytes);
      }
    };
    try {
      return { value: await translated({ bytes, input: { ...input, failOn: "warning" } }), damaged: false };
    } catch (error) {
      if (this.#damaged === "refuse" || !HeadraceError.is(error) || error.code !== "image_corrupt") throw error;
      const whole = await repaired(bytes, this.#maxPixels);
      return { value: await translated({ bytes: whole, input: { ...input, failOn: "none" } }), damaged: true };
    }
  }

  async #measure(image: Encoded): Promise<MeasuredHeader> {
    const converter = await this.#converterFor(image);
    if (converter !== undefined) {
      const size = await converter.measure(image.bytes);
      this.#checkPixels(size);
      return convertedHeader(size, converter.bytesPerPixel);
    }
    const header = simpleJpegHeader(image.bytes) ?? (await this.#header(image.bytes));
    if (header.format === "svg" && this.#svg === "refuse") throw svgRefused();
    const measure = measureHeader(header);
    this.#checkPixels(measure);
    return measure;
  }

  async #header(file: Uint8Array): Promise<Metadata> {
    const sharp = await this.#sharp();
    const { value } = await this.#lenient(
      file,
      ({ bytes, input }): Promise<Metadata> => sharp(bytes, { ...input, limitInputPixels: false }).metadata(),
    );
    return value;
  }

  #checkPixels({ width, height }: { readonly width: number; readonly height: number }): void {
    if (width * height > this.#maxPixels) throw pixelsExceeded(width, height, this.#maxPixels);
  }

  async #raster({ bytes, input }: Opened, plan: Plan, filter: ResizeFilter, header: MeasuredHeader): Promise<Raster> {
    const { pixels, access } = header;
    const sharp = await this.#sharp();
    const across = isResampled(plan.x, pixels) ? tapsOf(plan.x, filter) : null;
    const down = isResampled(plan.y, pixels) ? tapsOf(plan.y, filter) : null;
    const upright = sharp(bytes, { ...input, sequentialRead: access === "rows" }).autoOrient();
    const coloured = pixels === "cmyk" ? await cmykToRgb(sharp, upright) : upright.flatten({ background: white });
    const shrunk = await shrink(coloured, partOf(plan.x, across), partOf(plan.y, down), filter, header);
    return resample(shrunk, across, down);
  }

  #sharp(): Promise<Sharp> {
    this.#loading ??= loadSharp();
    return this.#loading;
  }
}

/** Limits the bytes that concurrent calls may use. Decoders can share it. */
export function decodeMemory({ decodeBudgetMb = sharpDefaults.decodeBudgetMb }: Partial<SharpSection>): Semaphore {
  return new Semaphore(decodeBudgetMb * mebibyte);
}

/** Returns true if libvips resizes this axis differently from Pillow. For example, libvips shifts an enlarged image by half a pixel. */
function isResampled({ from, to }: Axis, pixels: MeasuredHeader["pixels"]): boolean {
  if (to > from) return true;
  // When libvips shrinks an image to a quarter or less, it averages neighbouring pixels first. In black-and-white images, the result
  // visibly differs from Pillow's. At a sixteenth or less there is no difference, because both results average to grey.
  return pixels === "bilevel" && from >= 4 * to && from < 16 * to;
}

/** What libvips does with an axis of the image. It resizes the axis to `to` pixels, and then keeps `size` pixels, beginning at `start`. */
interface Part {
  readonly to: number;
  readonly start: number;
  readonly size: number;
}

function partOf(axis: Axis, taps: Taps | null): Part {
  return taps === null ? { to: axis.to, start: axis.cut, size: axis.keep } : { to: axis.from, ...taps.span };
}

/** Decodes the image, resizes both axes, and extracts the part to keep. */
async function shrink(
  image: Pipeline,
  columns: Part,
  rows: Part,
  filter: ResizeFilter,
  { channels, access }: MeasuredHeader,
): Promise<Raster> {
  const rowBytes = columns.size * channels;
  // Damage in rows that are not decoded is not noticed. So all rows are decoded, unless they need more than `maxRasterBytes`.
  const decoded = access === "rows" && rows.to * rowBytes <= maxRasterBytes ? { start: 0, size: rows.to } : rows;
  const data = await image
    .resize({ width: columns.to, height: rows.to, fit: "fill", kernel: kernels[filter], fastShrinkOnLoad: false })
    .extract({ left: columns.start, top: decoded.start, width: columns.size, height: decoded.size })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .raw()
    .toBuffer();
  const first = (rows.start - decoded.start) * rowBytes;
  return { width: columns.size, height: rows.size, channels, data: data.subarray(first, first + rows.size * rowBytes) };
}

/**
 * Places the raster in the image that the model gets. If the raster covers this image completely, the raster is not copied, unless it uses
 * less than half of its buffer.
 */
function place(raster: Raster, plan: Plan): Omit<Pixels, "original"> {
  const { width, height, fill, x, y } = plan;
  const colours = raster.channels === 3 ? raster.data : greyToRgb(raster.data);
  if (raster.width === width && raster.height === height) {
    return { width, height, data: colours.buffer.byteLength > 2 * colours.byteLength ? new Uint8Array(colours) : colours };
  }
  const data = new Uint8Array(width * height * 3);
  data.set(fill);
  for (let filled = fill.length; filled < data.length; filled *= 2) data.copyWithin(filled, 0, filled);
  for (let row = 0; row < raster.height; row++) {
    const from = row * raster.width * 3;
    data.set(colours.subarray(from, from + raster.width * 3), ((y.at + row) * width + x.at) * 3);
  }
  return { width, height, data };
}

function greyToRgb(greys: Uint8Array): Uint8Array {
  const colours = new Uint8Array(greys.length * 3);
  for (const [index, grey] of greys.entries()) colours.fill(grey, index * 3, index * 3 + 3);
  return colours;
}
