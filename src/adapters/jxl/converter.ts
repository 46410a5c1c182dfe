/** Converts JPEG XL files to PNG. */
import type { ConvertedImage, ImageConverter } from "../../contracts/index.js";
import { encodePng } from "../../kit/index.js";
import { fromJxlError, jxlCorrupt } from "./errors.js";
import { jxlSize } from "./size.js";
import { type JxlCodec, loadJxl } from "./vendor.js";

/** The package @jsquash/jxl is loaded with the first JPEG XL image. It turns the image upright, and gives 8-bit sRGB. */
export function jxlConverter(): ImageConverter {
  let loading: Promise<JxlCodec> | undefined;
  return {
    name: "libjxl",
    bytesPerPixel: 40,
    measure: async (bytes) => jxlSize(bytes),
    convert: async (bytes): Promise<ConvertedImage> => {
      loading ??= loadJxl();
      const codec = await loading;
      try {
        const decoded = codec.decode(bytes);
        if (decoded === null) throw jxlCorrupt("its pixels");
        const { width, height, data } = decoded;
        return { png: encodePng({ width, height, channels: 4, data: new Uint8Array(data.buffer) }, 0), width, height, damaged: false };
      } catch (error) {
        throw fromJxlError(error);
      }
    },
  };
}
