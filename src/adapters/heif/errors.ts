/** Translates the errors of libheif. */
import { HeadraceError } from "../../contracts/index.js";

export function libheifMissing(cause: unknown): HeadraceError {
  return new HeadraceError("image_unsupported", "image: HEIC: expected the package libheif-js, found none that can be loaded", {
    hint: "Run: npm i libheif-js. Or convert the image to JPEG, PNG, WebP or AVIF.",
    cause,
  });
}

export function heifCorrupt(what: string, cause?: unknown): HeadraceError {
  return new HeadraceError("image_corrupt", `image: expected a whole HEIC, found one that cannot be decoded: ${what.trim()}`, { cause });
}

/** WebAssembly throws errors of its own when a damaged image leads it astray. */
export function fromHeifError(cause: unknown): HeadraceError {
  return HeadraceError.is(cause) ? cause : heifCorrupt(cause instanceof Error ? cause.message : String(cause), cause);
}
