/** Writing that cannot be repeated. */
import { HeadraceError } from "../contracts/index.js";

/** A batch that was begun must not be written again, so every error ends the run. */
export async function writeOnce<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (thrown) {
    const error = HeadraceError.from(thrown);
    if (error.scope === "run") throw error;
    throw new HeadraceError(error.code, error.message, { scope: "run", retryable: false, hint: error.hint, cause: thrown });
  }
}
