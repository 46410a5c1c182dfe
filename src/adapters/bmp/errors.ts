/** The errors of BMP files. */
import { HeadraceError } from "../../contracts/index.js";

export function bmpCorrupt(expected: string, found: string): HeadraceError {
  return new HeadraceError("image_corrupt", `image: BMP: expected ${expected}, found ${found}`);
}

export function bmpUnsupported(expected: string, found: string): HeadraceError {
  return new HeadraceError("image_unsupported", `image: BMP: expected ${expected}, found ${found}`);
}
