/** Turns a damaged image into one that sharp can decode as far as it goes. */
import { formatOf } from "../../kit/index.js";
import { repairedGif } from "./gif-repair.js";
import { repairedPng } from "./png-repair.js";
import { repairedTiff } from "./tiff-repair.js";

/** Returns `bytes` where nothing can be repaired. Throws `image_too_large` if the header promises more than `maxPixels`. */
export async function repaired(bytes: Uint8Array, maxPixels: number): Promise<Uint8Array> {
  switch (formatOf(bytes)?.name) {
    case "PNG":
      return repairedPng(bytes, maxPixels);
    case "GIF":
      return repairedGif(bytes, maxPixels);
    case "TIFF":
      return repairedTiff(bytes, maxPixels);
    default:
      return bytes;
  }
}
