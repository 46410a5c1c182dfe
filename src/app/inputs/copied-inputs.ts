/** Lists the images of a remote table or archive from a copy on the disk. */
import { HeadraceError, type ImageRef, type UnlistedFile } from "../../contracts/index.js";
import type { SourceFile } from "../../kit/index.js";
import type { IngestInput } from "../../operations/index.js";
import type { OpenCopy, RemoteCopies } from "../remote-files/remote-copies.js";
import { unreadableInput } from "./unreadable-input.js";

/** `inputsOf` lists the copy. A file that cannot be copied is a failed input. Messages name the remote file, not its copy. */
export async function* copiedInputs(
  ref: ImageRef,
  { copies, ...listing }: UnlistedFile & { readonly copies: RemoteCopies },
  inputsOf: (file: SourceFile) => AsyncGenerator<IngestInput>,
  stop: AbortSignal,
): AsyncGenerator<IngestInput> {
  let copy: OpenCopy;
  try {
    copy = await copies.lease(ref, "list", stop);
  } catch (error) {
    if (!stop.aborted) yield unreadableInput(ref, error, listing);
    return;
  }
  const renamed = (error: HeadraceError): HeadraceError => withName(error, copy.path, ref.uri);
  try {
    const { uri, location, scheme } = ref;
    for await (const input of inputsOf({ path: copy.path, uri, copyOf: { uri, location, scheme, version: copy.version } })) {
      const { refused } = input.ref;
      if (refused?.kind !== "fail") yield input;
      else yield { ...input, ref: { ...input.ref, refused: { kind: "fail", error: renamed(refused.error) } } };
    }
  } catch (error) {
    throw HeadraceError.is(error) ? renamed(error) : error;
  } finally {
    copy.release();
  }
}

function withName(error: HeadraceError, path: string, name: string): HeadraceError {
  if (!error.message.includes(path)) return error;
  const { code, item, ...rest } = error.toJSON();
  return new HeadraceError(code, error.message.replaceAll(path, name), {
    ...rest,
    ...(item === undefined ? {} : { item: item.replaceAll(path, name) }),
    cause: error.cause,
  });
}
