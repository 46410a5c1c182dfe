/** How the engine words what ends a run. */
import { type ErrorCode, HeadraceError } from "../contracts/index.js";

/** The error as one that ends the run: its own code is kept, anything unknown gets `code`. `what` says what failed. */
export function runError(thrown: unknown, code: ErrorCode, what: string): HeadraceError {
  if (!HeadraceError.is(thrown)) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new HeadraceError(code, `${what}: ${message}`, { scope: "run", retryable: false, cause: thrown });
  }
  if (thrown.scope === "run") return thrown;
  return new HeadraceError(thrown.code, `${what}: ${thrown.message}`, {
    scope: "run",
    retryable: thrown.retryable,
    hint: thrown.hint,
    cause: thrown,
    ...(thrown.item === undefined ? {} : { item: thrown.item }),
  });
}

export function contractBroken(part: string, found: string): HeadraceError {
  return new HeadraceError("contract_broken", `"${part}" ${found}`);
}
