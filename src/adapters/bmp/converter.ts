/** Converts BMP files to PNG. */
import type { ConvertedImage, ImageConverter } from "../../contracts/index.js";
import { encodePng } from "../../kit/index.js";
import { bmpCorrupt } from "./errors.js";
import { type BmpHeader, bmpHeader } from "./header.js";
import { bmpPixels } from "./pixels.js";

/** The longest run has 255 pixels in 2 bytes. Files with more pixels for each byte have next to nothing of their image. */
const maxPixelsPerByte = 256;
/** Images up to this size cost little, however few bytes they have. */
const smallPixels = 2 ** 20;

/** Takes BMP files with 1 to 32 bits per pixel, palettes, RLE4, RLE8 and bit masks, like Pillow. */
export function bmpConverter(): ImageConverter {
  return {
    name: "bmp",
    bytesPerPixel: 20,
    measure: async (bytes) => checkedHeader(bytes),
    convert: async (bytes, damaged): Promise<ConvertedImage> => {
      const header = checkedHeader(bytes);
      const { isWhole, ...pixels } = bmpPixels(bytes, header);
      if (!isWhole && damaged === "refuse") throw bmpCorrupt("pixels for all rows", "the end of the file");
      const { width, height } = header;
      return { png: encodePng({ width, height, ...pixels }, 0), width, height, damaged: !isWhole };
    },
  };
}

/** Throws `image_corrupt` for a file that is too short for its size. Its pixels would take gigabytes of memory. */
function checkedHeader(bytes: Uint8Array): BmpHeader {
  const header = bmpHeader(bytes);
  const maxPixels = Math.max(smallPixels, bytes.byteLength * maxPixelsPerByte);
  const { width, height } = header;
  if (width * height <= maxPixels) return header;
  throw bmpCorrupt(`at most ${maxPixels} pixels in ${bytes.byteLength} bytes`, `${width} × ${height} = ${width * height}`);
}
