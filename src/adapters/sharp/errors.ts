/** Says what the decoder's errors mean; the only place that knows their words. */
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";
import { formatOf } from "../../kit/index.js";

const tooLarge = /pixel limit|exceeds? .*limit|too (large|big)/i;
const unsupported = /unsupported image format|not been built in|unsupported (codec|feature|compression|color)|no decoding plugin/i;

/** What went wrong with the bytes of one image. */
export function fromDecodeError(cause: unknown, bytes: Uint8Array): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  const [code, message] = judge(words, bytes);
  return new HeadraceError(code, message, { cause });
}

/** The decoder calls a file of nothing but a good beginning unsupported, and one in a foreign format corrupt: the beginning decides. */
function judge(words: string, bytes: Uint8Array): readonly [ErrorCode, string] {
  if (bytes.byteLength === 0) return ["image_corrupt", "The image has no bytes"];
  if (tooLarge.test(words)) return ["image_too_large", `The image is larger than the decoder allows: ${shortened(words)}`];
  const format = formatOf(bytes);
  if (format !== null && !format.decodable) return ["image_unsupported", `The image is ${format.name}, which cannot be decoded here`];
  const known = unsupported.test(words);
  if (format === null && known) return ["image_unsupported", "The bytes are not an image in a supported format"];
  const detail = known ? "too little of it is whole" : shortened(words);
  return ["image_corrupt", `The image${format ? ` begins as ${format.name}, but` : ""} cannot be decoded${detail && `: ${detail}`}`];
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

function shortened(words: string): string {
  const [first = ""] = words.replace(/^Input buffer has corrupt header:\s*/, "").split("\n", 1);
  return first
    .replace(/[^\x20-\x7e]/g, "?")
    .slice(0, 160)
    .trim();
}
