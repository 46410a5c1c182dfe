/** The converters for image formats that sharp cannot read. Each is loaded with the first image of its format. */
import type { Encoded, ImageConverter } from "../../contracts/index.js";
import { formatOf } from "../../kit/index.js";
import { Shared } from "../lifetimes/shared.js";

/** Makes each converter at most once. By the name of the format. */
export function makeConverters(): ReadonlyMap<string, () => Promise<ImageConverter>> {
  const once = (make: () => Promise<ImageConverter>): (() => Promise<ImageConverter>) => {
    const shared = new Shared(make);
    return () => shared.get(new AbortController().signal);
  };
  return new Map([
    ["BMP", once(async () => (await import("../../adapters/bmp/index.js")).bmpConverter())],
    ["HEIC", once(async () => (await import("../../adapters/heif/index.js")).heifConverter())],
    ["JPEG XL", once(async () => (await import("../../adapters/jxl/index.js")).jxlConverter())],
  ]);
}

/** Returns the image in a format that sharp can read. */
export async function readableBySharp(image: Encoded): Promise<Encoded> {
  const format = formatOf(image.bytes);
  const converter = format === null ? undefined : await makeConverters().get(format.name)?.();
  return converter === undefined ? image : { ...image, bytes: (await converter.convert(image.bytes, "keep")).png };
}
