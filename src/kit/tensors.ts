/** Sizes of tensors. */
import type { TensorSpec, TensorType } from "../contracts/index.js";

const bytesPerNumber: Readonly<Record<TensorType, number>> = { uint8: 1, float16: 2, float32: 4 };

/** Bytes of one image's tensor. */
export function rowBytes(spec: TensorSpec): number {
  return spec.width * spec.height * 3 * bytesPerNumber[spec.dtype];
}

/** Dimensions of a batch, in the order of its layout. */
export function tensorShape(spec: TensorSpec, rows: number): readonly [number, number, number, number] {
  return spec.layout === "NHWC" ? [rows, spec.height, spec.width, 3] : [rows, 3, spec.height, spec.width];
}
