/** Options of all calls that delete rows. */
import { refuseUnknownOptions } from "../collections/call-options.js";
import type { Settings } from "../configuration/settings.js";

/** Options of a deletion. */
export interface DeleteOptions {
  /** The verb that `deletedFiles` shows for the deletion. Default "delete", or "collection drop". */
  readonly command?: string;
  /** "file": first write the rows to a file, so that `restore` can bring them back. "nothing": they are lost. Default: by `deleted.keep`. */
  readonly keep?: "file" | "nothing";
}

const names = { command: true, keep: true } as const satisfies Record<keyof DeleteOptions, true>;

/** Throws `usage_invalid` for an unknown option. */
export function checkDeleteOptions(call: string, options: DeleteOptions): void {
  refuseUnknownOptions(call, options, names);
}

/** Whether the rows of a deletion are written to a file. */
export function keepsRows({ deleted }: Settings, keep: DeleteOptions["keep"]): boolean {
  return keep === undefined ? deleted.keep : keep === "file";
}
