/** Makes a failed input of a file that cannot be read. Other inputs follow. */
import { type ErrorCode, HeadraceError, type ImageRef, type IngestInput, type UnlistedFile } from "../../contracts/index.js";
import { keyOf } from "../../kit/index.js";

/** These concern all inputs, not only the file. */
const endsRun: ReadonlySet<ErrorCode> = new Set(["part_missing", "disk_full", "state_unwritable", "aborted"]);

/** `listing`: how the file would have been listed. */
export function unreadableInput(ref: ImageRef, thrown: unknown, { badLines, columns, isCut }: UnlistedFile): IngestInput {
  if (!HeadraceError.is(thrown) || endsRun.has(thrown.code)) throw thrown;
  const { code, message, hint } = thrown;
  const error = new HeadraceError(code, message, { scope: "item", item: ref.uri, hint, cause: thrown });
  return {
    id: keyOf(ref.uri),
    ref: { ...ref, refused: { kind: "fail", error }, unlisted: { badLines, columns, ...(isCut === undefined ? {} : { isCut }) } },
  };
}
