/** Says what the decoder's errors mean; the only place that knows their words. */
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";

const causes: readonly { readonly words: RegExp; readonly code: ErrorCode; readonly meaning: string }[] = [
  {
    words: /pixel limit|exceeds? .*limit|too (large|big)/i,
    code: "image_too_large",
    meaning: "The image is larger than the decoder allows",
  },
  { words: /buffer is empty/i, code: "image_corrupt", meaning: "The image has no bytes" },
  {
    words: /unsupported image format|not been built in|unsupported (codec|feature|compression|color)|no decoding plugin/i,
    code: "image_unsupported",
    meaning: "The bytes are not an image that can be decoded",
  },
];

/** What went wrong with the bytes of one image. */
export function fromDecodeError(cause: unknown): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  const known = causes.find((each) => each.words.test(words));
  const code = known?.code ?? "image_corrupt";
  const meaning = known?.meaning ?? "The image cannot be decoded";
  return new HeadraceError(code, `${meaning}: ${firstLine(words)}`, { cause });
}

export function pixelsExceeded(width: number, height: number, maxPixels: number): HeadraceError {
  const message = `The image has ${width} × ${height} = ${width * height} pixels, the limit is ${maxPixels}`;
  return new HeadraceError("image_too_large", message);
}

export function sharpMissing(cause: unknown): HeadraceError {
  return new HeadraceError("part_missing", "Decoding images needs the package sharp, which cannot be loaded: npm i sharp", {
    hint: "Run: npm i sharp",
    cause,
  });
}

function firstLine(words: string): string {
  return words.split("\n", 1)[0]?.slice(0, 200).trim() ?? "";
}
