/** Lists tables, lists and archives again that could not be read in earlier runs. */
import type { IngestInput, UnlistedFile } from "../../contracts/index.js";
import { containedInputs } from "../containers/containers.js";
import { unreadableInput } from "../containers/unreadable-input.js";
import type { RemoteCopies } from "../downloads/remote-copies.js";
import type { FileRefs } from "../inputs.js";
import { refuseDuplicates } from "../listing/first-seen.js";
import type { ListingRequest } from "../listing/listings.js";
import type { DeadLetter } from "./dead-letter.js";
import { retryInput } from "./retry-inputs.js";

/** An entry of a file with images. */
export type FileLetter = DeadLetter & { readonly unlisted: UnlistedFile };

export interface RelistingOptions extends Pick<ListingRequest, "admit" | "onListed" | "idType"> {
  readonly copies: RemoteCopies;
  readonly fileRefs: FileRefs;
}

export function isFileLetter(letter: DeadLetter): letter is FileLetter {
  return letter.unlisted !== undefined;
}

/** Streams the images of all files. A file that still cannot be read is a failed input, whatever is wrong with it. */
export function relistedInputs(letters: readonly FileLetter[], options: RelistingOptions, stop: AbortSignal): AsyncIterable<IngestInput> {
  return refuseDuplicates(allOf(letters, options, stop));
}

async function* allOf(letters: readonly FileLetter[], options: RelistingOptions, stop: AbortSignal): AsyncGenerator<IngestInput> {
  for (const letter of letters) {
    if (stop.aborted) return;
    yield* inputsOf(letter, options, stop);
  }
}

async function* inputsOf(letter: FileLetter, options: RelistingOptions, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const { copies, fileRefs, onListed, idType, admit = (ref) => Promise.resolve(ref) } = options;
  const { unlisted } = letter;
  const { ref: listed } = await retryInput(letter, fileRefs);
  const ref = await admit(listed);
  if (ref.refused?.kind === "fail") {
    yield unreadableInput(ref, ref.refused.error, unlisted);
    return;
  }
  const containing = { ...unlisted, copies, ...(onListed === undefined ? {} : { onListed }), ...(idType === undefined ? {} : { idType }) };
  try {
    for await (const input of containedInputs(ref, containing, stop)) yield { ...input, ref: await admit(input.ref) };
  } catch (error) {
    yield unreadableInput(ref, error, unlisted);
  }
}
