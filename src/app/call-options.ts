/** Options of a call as plain JavaScript gives them, where no compiler sees a misspelt name. */
import { nearest } from "../config/index.js";
import { HeadraceError } from "../contracts/index.js";

/** Throws `usage_invalid` with the nearest name for an option that the call does not have. */
export function refuseUnknownOptions(call: string, options: object, known: Readonly<Record<string, true>>): void {
  const unknown = Object.keys(options).find((name) => !(name in known));
  if (unknown === undefined) return;
  throw new HeadraceError("usage_invalid", `${call}: unknown option "${unknown}".${nearest(unknown, Object.keys(known))}`, {
    item: unknown,
  });
}

/** Throws `usage_invalid` for what is no collection's name at all. */
export function checkCollectionName(name: unknown): asserts name is string {
  if (typeof name === "string") return;
  throw new HeadraceError("usage_invalid", `Expected the name of a collection but received ${name === null ? "null" : typeof name}.`);
}
