/** Shows the tensor that the model gets for one image, in numbers and as a picture. */

import { type Chain, decodePixels, tensorsOf } from "../../chain/index.js";
import { type Encoded, type Geometry, HeadraceError, type Normalization, type Pictures, type TensorSpec } from "../../contracts/index.js";
import { float16ToFloat32, tensorShape } from "../../kit/index.js";
import type { DescribedInput, ImageInput } from "../../sources/index.js";
import { refuseUnknownOptions } from "../collections/call-options.js";
import { useImage } from "../runs/read-image.js";
import type { UrlBytes } from "../runs/url-bytes.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

type Triple = readonly [number, number, number];

/** The tensor that the model gets for an image, in numbers and as a picture. */
export interface Preprocessed {
  /** Size of the original in pixels, after its EXIF orientation is applied. */
  readonly original: { readonly width: number; readonly height: number };
  readonly geometry: Geometry;
  /** The name of the preprocessing, and the backend that computed it. */
  readonly label: string;
  readonly dtype: TensorSpec["dtype"];
  /** Shape of the tensor of one image, without the batch axis. */
  readonly shape: readonly number[];
  readonly min: number;
  readonly max: number;
  /** Mean values of the red, green and blue channels. */
  readonly means: Triple;
  /** Returns a PNG that shows the original beside the picture that the model gets. */
  picture(): Promise<Uint8Array>;
}

/**
 * How tensor values become colours. "denormalize" undoes the normalisation. "stretch" maps the smallest value to black and the largest to
 * white.
 */
type Colouring = "denormalize" | "stretch";

/** Options of `thumbnail`. */
export interface ThumbnailOptions {
  /** Limits that an image behind a URL shares with those of other calls. Default: none but `preprocess.max_file_mb`. */
  readonly urlBytes?: UrlBytes;
  /** Most pixels of the width and of the height. Default: 320. A smaller image keeps its size. */
  readonly maxSidePixels?: number;
  readonly signal?: AbortSignal;
}

/** Returns a small JPEG of an image for people; null when the image does not exist or cannot be decoded. */
export async function thumbnailOf(parts: PipelineParts, input: ImageInput, options: ThumbnailOptions): Promise<Uint8Array | null> {
  refuseUnknownOptions("thumbnail", options, { signal: true, urlBytes: true, maxSidePixels: true });
  const { urlBytes, maxSidePixels, signal = new AbortController().signal } = options;
  const size = maxSidePixels === undefined ? {} : { maxSidePixels };
  const pictures = await parts.pictures(signal);
  try {
    return await useImage(parts, input, { urlBytes, signal }, (image) => pictures.thumbnail(image, signal, size));
  } catch (error) {
    if (HeadraceError.is(error) && error.scope === "item") return null;
    throw error;
  }
}

/** Returns the bytes of an image as they are. Throws the error of the image if it cannot be read. */
export async function readImage(
  parts: PipelineParts,
  input: DescribedInput["input"],
  { signal = new AbortController().signal }: { readonly signal?: AbortSignal },
): Promise<Uint8Array> {
  return useImage(parts, input, { signal }, async ({ bytes }) => bytes);
}

export async function preprocessImage(parts: PipelineParts, input: ImageInput): Promise<Preprocessed> {
  const { signal } = new AbortController();
  const chain = await parts.chain(signal);
  const colouring = parts.settings.preprocess.custom === null ? "denormalize" : "stretch";
  const pictures = await parts.pictures(signal);
  const image = await useImage(parts, input, { signal }, async (read) => read);
  return preprocessed(chain, pictures, { image, colouring }, signal);
}

async function preprocessed(
  chain: Chain,
  pictures: Pictures,
  { image, colouring }: { readonly image: Encoded; readonly colouring: Colouring },
  signal: AbortSignal,
): Promise<Preprocessed> {
  const { preprocessing, preprocessor, decoder } = chain;
  const { output, geometry, normalization, name } = preprocessing;
  const { width, height } = await decoder.measure(image);
  const [tensor] = await tensorsOf(chain, [await decodePixels(chain, image, signal)], signal);
  const values = interleaved(numbersOf(tensor!, output.dtype), output);
  const { min, max, means } = statisticsOf(values);
  return {
    original: { width, height },
    geometry,
    label: preprocessor?.label ?? `${name}, pixels as they are decoded`,
    dtype: output.dtype,
    shape: tensorShape(output, 1).slice(1),
    min,
    max,
    means,
    picture: async () => {
      const toColour = colouring === "stretch" ? stretch(min, max) : denormalize(output.dtype === "uint8" ? null : normalization);
      const data = Uint8ClampedArray.from(values, (value, index) => toColour(value, index % 3));
      return pictures.comparison(image, { width: output.width, height: output.height, data: new Uint8Array(data.buffer) }, signal);
    },
  };
}

function numbersOf(tensor: Uint8Array, dtype: TensorSpec["dtype"]): Float32Array {
  if (dtype === "uint8") return Float32Array.from(tensor);
  const { buffer } = tensor.slice();
  return dtype === "float16" ? float16ToFloat32(new Uint16Array(buffer)) : new Float32Array(buffer);
}

/** Returns the numbers in pixel order: the red, green and blue value of each pixel together. */
function interleaved(numbers: Float32Array, { layout }: TensorSpec): Float32Array {
  if (layout === "NHWC") return numbers;
  const area = numbers.length / 3;
  return numbers.map((_, index) => numbers[(index % 3) * area + Math.floor(index / 3)]!);
}

function statisticsOf(values: Float32Array): Pick<Preprocessed, "min" | "max" | "means"> {
  const sums: [number, number, number] = [0, 0, 0];
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const [index, value] of values.entries()) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sums[(index % 3) as 0 | 1 | 2] += value;
  }
  const area = values.length / 3;
  return { min, max, means: [sums[0] / area, sums[1] / area, sums[2] / area] };
}

function denormalize(normalization: Normalization | null): (value: number, channel: number) => number {
  if (normalization === null) return (value) => value;
  const { rescale, mean, std } = normalization;
  return (value, channel) => (value * std[channel]! + mean[channel]!) / rescale;
}

function stretch(min: number, max: number): (value: number) => number {
  return (value) => ((value - min) / (max - min || 1)) * 255;
}
