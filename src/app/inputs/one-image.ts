/** Reads the one image that a call is about: a query, something to look at. */
import { type Encoded, HeadraceError } from "../../contracts/index.js";
import { mebibyte } from "../../kit/index.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { makeFileRefs } from "../wiring/registry.js";
import { type ImageInput, ingestInput } from "./inputs.js";

/** Throws what is wrong with the image, or `source_unreadable` for a scheme that nothing reads. */
export async function readImage(parts: PipelineParts, input: ImageInput, signal: AbortSignal): Promise<Encoded> {
  const { ref } = await ingestInput({ input }, await makeFileRefs());
  if (ref.refused?.kind === "fail") throw ref.refused.error;
  const readers = await parts.readers();
  const reader = readers.find(({ schemes }) => schemes.includes(ref.scheme));
  if (reader === undefined) {
    throw new HeadraceError("source_unreadable", `No reader for "${ref.scheme}:" is configured: ${ref.uri}.`, {
      item: ref.uri,
      retryable: false,
      hint: `Download the image first, or bring a reader of your own. Sources that can be read here: ${readers.flatMap(({ schemes }) => schemes).join(", ")}.`,
    });
  }
  try {
    const encoded = await reader.read(ref, { maxBytes: parts.settings.preprocess.maxFileMb * mebibyte }, signal);
    if (encoded !== "unchanged") return encoded;
  } catch (cause) {
    if (!HeadraceError.is(cause) || cause.code !== "source_not_file") throw cause;
    throw new HeadraceError("source_not_file", cause.message, { item: ref.location, hint: "One image is asked for: name a file.", cause });
  }
  throw new HeadraceError("contract_broken", `The reader of "${ref.scheme}:" was not asked whether ${ref.uri} changed.`);
}
