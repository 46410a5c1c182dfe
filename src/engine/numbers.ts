/** Checks numbers in settings. Each function returns the number or throws `config_invalid`. */
import { HeadraceError } from "../contracts/index.js";

export function integerFrom(least: number, value: number, key: string): number {
  return check(Number.isSafeInteger(value) && value >= least, value, key, `a whole number from ${least}`);
}

/** Accepts Infinity, which means no limit. */
export function positive(value: number, key: string): number {
  return check(value > 0, value, key, "a number above 0");
}

/** Accepts Infinity, which means no limit. */
export function nonNegative(value: number, key: string): number {
  return check(value >= 0, value, key, "a number from 0");
}

function check(holds: boolean, value: number, key: string, expected: string): number {
  if (!holds) throw new HeadraceError("config_invalid", `${key}: expected ${expected}, found ${value}`);
  return value;
}
