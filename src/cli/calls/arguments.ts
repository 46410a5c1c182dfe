/** Parsers for the values of flags. */
import { InvalidArgumentError } from "commander";
import type { SyncRequest } from "../../app/index.js";

export type DeletionLimit = NonNullable<SyncRequest["maxDeletions"]>;

export function listed(text: string): readonly string[] {
  return text.split(",").filter((name) => name !== "");
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number of at least 1.");
  return value;
}

/** Parses a score. */
export function score(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

/** Parses a limit of deletions. */
export function deletionLimit(text: string): DeletionLimit {
  const [, number, percent] = /^(\d+)(%?)$/.exec(text) ?? [];
  if (number === undefined || (percent === "%" && Number(number) > 100)) {
    throw new InvalidArgumentError("It must be a whole number such as 200, or a percentage such as 10%.");
  }
  return percent === "%" ? { share: Number(number) / 100 } : { rows: Number(number) };
}
