/** Time limits and delays of the engine that callers cannot set. Tests shorten them. */
import type { Backoff } from "../kit/index.js";

export interface Tuning {
  /** How long a stage or source may take to end after a stop. */
  readonly graceMs: number;
  /** Time limit for closing a part after a hard stop. */
  readonly closeGraceMs: number;
  readonly outage: Backoff;
  readonly overload: Backoff;
  /** Returns a random number from 0 to 1. */
  readonly random: () => number;
}

export const defaultTuning: Tuning = {
  graceMs: 1_000,
  closeGraceMs: 5_000,
  outage: { baseDelayMs: 250, maxDelayMs: 5_000 },
  overload: { baseDelayMs: 50, maxDelayMs: 1_000 },
  random: Math.random,
};
