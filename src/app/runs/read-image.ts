/** Reads a single image, for example the query of a search. */
import { type Encoded, HeadraceError, type ImageRef, type Reader } from "../../contracts/index.js";
import { mebibyte } from "../../kit/index.js";
import { type DescribedInput, ingestInput, makeFileRefs } from "../../sources/index.js";
import { readerFor } from "../../stages/index.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import type { UrlBytes } from "./url-bytes.js";

export interface ReadLimits {
  /** Default: URLs have no other limit than `preprocess.max_file_mb`. */
  readonly urlBytes?: UrlBytes | undefined;
  readonly signal: AbortSignal;
}

/** The schemes of images that other machines send. */
const farSchemes: ReadonlySet<string> = new Set(["http", "https", "s3"]);

/**
 * Reads the image and passes it to `use`. The bytes of a URL count for `urlBytes` until `use` has ended. Throws the error of the image if it
 * cannot be read, and `source_unreadable` for a URL scheme without a reader.
 */
export async function useImage<T>(
  parts: PipelineParts,
  input: DescribedInput["input"],
  { urlBytes, signal }: ReadLimits,
  use: (image: Encoded) => Promise<T>,
): Promise<T> {
  const { ref } = await ingestInput({ input }, await makeFileRefs());
  if (ref.refused?.kind === "fail") throw ref.refused.error;
  const reader = readerFor(await parts.readers(signal), ref);
  const maxBytes = parts.settings.preprocess.maxFileMb * mebibyte;
  if (urlBytes === undefined || !farSchemes.has(ref.scheme)) return use(await readFile(reader, ref, maxBytes, signal));
  const share = urlBytes.share();
  try {
    const limits = { maxBytes: Math.min(maxBytes, urlBytes.maxImageBytes), admit: (bytes: number) => share.take(bytes, signal) };
    const image = await reader.read(ref, limits, signal);
    share.shrink(image.bytes.byteLength);
    return await use(image);
  } finally {
    share.release();
  }
}

async function readFile(reader: Reader, ref: ImageRef, maxBytes: number, signal: AbortSignal): Promise<Encoded> {
  try {
    return await reader.read(ref, { maxBytes }, signal);
  } catch (cause) {
    if (!HeadraceError.is(cause) || cause.code !== "source_not_file") throw cause;
    throw new HeadraceError("source_not_file", cause.message, { item: ref.location, hint: "One image is asked for: name a file.", cause });
  }
}
