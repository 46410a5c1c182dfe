/** Translates the errors of sharp. No other file reads its messages. */
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";
import { formatOf } from "../../kit/index.js";

const noThread = /creating thread|resource temporarily unavailable/i;
const tooLarge = /pixel limit|exceeds? .*limit|too (large|big)/i;
const unsupported = /unsupported image format|not been built in|unsupported (codec|feature|compression|color)|no decoding plugin/i;

export function fromDecodeError(cause: unknown, bytes: Uint8Array): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  const [code, message] = classify(words, bytes);
  return new HeadraceError(code, message, { cause });
}

/**
 * Chooses the error code. sharp reports a truncated file as unsupported, and some unsupported formats as corrupt. So the first bytes of the
 * file decide, not only sharp's message.
 */
function classify(words: string, bytes: Uint8Array): readonly [ErrorCode, string] {
  if (bytes.byteLength === 0) return ["image_corrupt", "image: expected bytes, found none"];
  if (noThread.test(words)) return ["overloaded", `decoding: expected a new thread, but the system gave none: ${shortened(words)}`];
  if (tooLarge.test(words)) return ["image_too_large", `image: expected a size within the decoder's limit, found: ${shortened(words)}`];
  const format = formatOf(bytes);
  if (format !== null && format.decoder !== "sharp")
    return ["image_unsupported", `image: expected a supported format, found ${format.name}`];
  const isUnsupported = unsupported.test(words);
  if (format === null && isUnsupported) return ["image_unsupported", "image: expected a supported format, found other bytes"];
  const detail = isUnsupported ? "most of the file is missing or damaged" : shortened(words);
  return [
    "image_corrupt",
    `image: expected ${format ? `a whole ${format.name}` : "an image"}, found one that cannot be decoded${detail && `: ${detail}`}`,
  ];
}

/** Whether libvips failed because the system gave it no thread. The image is not to blame. */
export function isWithoutThread(cause: unknown): boolean {
  return cause instanceof Error && noThread.test(cause.message);
}

export function svgRefused(): HeadraceError {
  return new HeadraceError("image_unsupported", "image: expected a picture of pixels, found an SVG", {
    hint: "SVGs are drawn with `preprocess.svg: draw`. Use it only for files that you trust.",
  });
}

export function pixelsExceeded(width: number, height: number, maxPixels: number): HeadraceError {
  const message = `image: expected at most ${maxPixels} pixels, found ${width} × ${height} = ${width * height}`;
  return new HeadraceError("image_too_large", message);
}

export function sharpMissing(cause: unknown): HeadraceError {
  return new HeadraceError("part_missing", "decoding images: expected the package sharp, found none that can be loaded", {
    hint: "Run: npm i sharp",
    cause,
  });
}

function shortened(words: string): string {
  // libvips notes each place at which it looked for the end of a HEIF file. These lines are no cause.
  const lines = words.replace(/^Input buffer has corrupt header:\s*/, "").split("\n");
  const first = lines.find((line) => !line.startsWith("source: bad seek")) ?? "";
  return first
    .replace(/[^\x20-\x7e]/g, "?")
    .slice(0, 160)
    .trim();
}
