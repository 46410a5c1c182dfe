/** Converts BMP files to PNG. */
import type { ConvertedImage, ImageConverter } from "../../contracts/index.js";
import { encodePng } from "../../kit/index.js";
import { bmpCorrupt } from "./errors.js";
import { bmpHeader } from "./header.js";
import { bmpPixels } from "./pixels.js";

/** Takes BMP files with 1 to 32 bits per pixel, palettes, RLE4, RLE8 and bit masks, like Pillow. */
export function bmpConverter(): ImageConverter {
  return {
    name: "bmp",
    bytesPerPixel: 8,
    measure: async (bytes) => bmpHeader(bytes),
    convert: async (bytes, damaged): Promise<ConvertedImage> => {
      const header = bmpHeader(bytes);
      const { isWhole, ...pixels } = bmpPixels(bytes, header);
      if (!isWhole && damaged === "refuse") throw bmpCorrupt("pixels for all rows", "the end of the file");
      const { width, height } = header;
      return { png: encodePng({ width, height, ...pixels }, 0), width, height, damaged: !isWhole };
    },
  };
}
