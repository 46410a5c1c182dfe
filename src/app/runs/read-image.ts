/** Reads a single image, for example the query of a search. */
import { type Encoded, HeadraceError } from "../../contracts/index.js";
import { mebibyte } from "../../kit/index.js";
import { type ImageInput, ingestInput, makeFileRefs } from "../../sources/index.js";
import { readerFor } from "../../stages/index.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** Reads the image. Throws the error of the image if it cannot be read, or `source_unreadable` for a URL scheme without a reader. */
export async function readImage(parts: PipelineParts, input: ImageInput, signal: AbortSignal): Promise<Encoded> {
  const { ref } = await ingestInput({ input }, await makeFileRefs());
  if (ref.refused?.kind === "fail") throw ref.refused.error;
  const reader = readerFor(await parts.readers(signal), ref);
  try {
    return await reader.read(ref, { maxBytes: parts.settings.preprocess.maxFileMb * mebibyte }, signal);
  } catch (cause) {
    if (!HeadraceError.is(cause) || cause.code !== "source_not_file") throw cause;
    throw new HeadraceError("source_not_file", cause.message, { item: ref.location, hint: "One image is asked for: name a file.", cause });
  }
}
