/** Checks the options of calls from plain JavaScript, where no compiler finds a misspelt option. */
import { nearest } from "../../config/index.js";
import { HeadraceError } from "../../contracts/index.js";

/** Throws `usage_invalid` for an unknown option. The error suggests the most similar known option. */
export function refuseUnknownOptions(call: string, options: object, known: Readonly<Record<string, true>>): void {
  const unknown = Object.keys(options).find((name) => !(name in known));
  if (unknown === undefined) return;
  throw new HeadraceError("usage_invalid", `${call}: expected a known option, found "${unknown}".${nearest(unknown, Object.keys(known))}`, {
    item: unknown,
  });
}

/** Throws `usage_invalid` unless `name` is a string. */
export function checkCollectionName(name: unknown): asserts name is string {
  if (typeof name === "string") return;
  throw new HeadraceError("usage_invalid", `collection: expected a name, found ${name === null ? "null" : typeof name}`);
}

/** The signal of a call that nobody can stop. */
export function never(): AbortSignal {
  return new AbortController().signal;
}
