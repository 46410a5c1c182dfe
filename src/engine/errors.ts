/** The errors that end a run. */
import { type ErrorCode, HeadraceError } from "../contracts/index.js";

/**
 * Turns any thrown value into an error of scope "run". A `HeadraceError` keeps its code; any other error gets `code`. `what` says what
 * failed.
 */
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

/** `problem` is of the form `<what>: expected <…>, found <…>`. */
export function contractBroken(part: string, problem: string): HeadraceError {
  return new HeadraceError("contract_broken", `"${part}", ${problem}`);
}
