/** Translates the errors of the JPEG XL codec. */
import { HeadraceError } from "../../contracts/index.js";

export function jxlMissing(cause: unknown): HeadraceError {
  return new HeadraceError("image_unsupported", "image: JPEG XL: expected the package @jsquash/jxl, found none that can be loaded", {
    hint: "Run: npm i @jsquash/jxl. Or convert the image to JPEG, PNG, WebP or AVIF.",
    cause,
  });
}

export function jxlCorrupt(what: string, cause?: unknown): HeadraceError {
  return new HeadraceError("image_corrupt", `image: expected a whole JPEG XL, found one that cannot be decoded: ${what}`, { cause });
}

export function fromJxlError(cause: unknown): HeadraceError {
  return HeadraceError.is(cause) ? cause : jxlCorrupt("its pixels", cause);
}
