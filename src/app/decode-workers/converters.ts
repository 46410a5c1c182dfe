/** The converters for image formats that sharp cannot read. Each is loaded with the first image of its format. */
import type { ImageConverter } from "../../contracts/index.js";
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
