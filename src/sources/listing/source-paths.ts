/** Converts sources of rows to file paths. */
import { HeadraceError } from "../../contracts/index.js";
import { pathOfFileUrl } from "../../kit/index.js";

/** Returns the absolute path of a source that is a `file:` URI of this machine; null for any other source. */
export function pathOfSource(source: string): string | null {
  try {
    return pathOfFileUrl(source);
  } catch (error) {
    if (HeadraceError.is(error)) return null;
    throw error;
  }
}
