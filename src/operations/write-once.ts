/** Runs a write that must not be repeated. */
import { HeadraceError } from "../contracts/index.js";

/**
 * Calls `write`. Part of the batch may already be written when an error occurs, so every error ends the run instead of repeating the batch.
 */
export async function writeOnce<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (thrown) {
    const error = HeadraceError.from(thrown);
    if (error.scope === "run") throw error;
    throw new HeadraceError(error.code, error.message, { scope: "run", retryable: false, hint: error.hint, cause: thrown });
  }
}
