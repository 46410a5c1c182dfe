import type { Pixels, TensorSpec, TensorType } from "../../contracts/index.js";
import { HeadraceError } from "../../contracts/index.js";

const bytesPerNumber: Readonly<Record<TensorType, number>> = { uint8: 1, float16: 2, float32: 4 };

/** Returns the size of one image's tensor in bytes. */
export function rowBytes(spec: TensorSpec): number {
  return spec.width * spec.height * 3 * bytesPerNumber[spec.dtype];
}

/** Returns the shape of a batch of `rows` images. The order of the axes is the layout of `spec`. */
export function tensorShape(spec: TensorSpec, rows: number): readonly [number, number, number, number] {
  return spec.layout === "NHWC" ? [rows, spec.height, spec.width, 3] : [rows, 3, spec.height, spec.width];
}

/** Returns the bytes of the pixels. Throws `contract_broken` if the image or its buffer does not have the expected size. */
export function takePixels({ width, height, data }: Pixels, expected: { readonly width: number; readonly height: number }): Uint8Array {
  if (width === expected.width && height === expected.height && data.byteLength === width * height * 3) return data;
  throw new HeadraceError(
    "contract_broken",
    `pixels: expected ${expected.width} x ${expected.height} with 3 bytes each, found ${width} x ${height} in ${data.byteLength} bytes`,
  );
}
