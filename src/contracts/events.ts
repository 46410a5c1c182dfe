/** What a run tells its observers. */
import type { HeadraceError } from "./errors.js";
import type { Outcome, RunReport } from "./flow.js";

export type RunEvent =
  | {
      readonly kind: "run-started";
      readonly schedule: "overlapped" | "sequential";
      readonly stages: readonly { readonly name: string; readonly workers: number }[];
    }
  | { readonly kind: "batch-done"; readonly stage: string; readonly items: number; readonly elapsedMs: number }
  | { readonly kind: "item-settled"; readonly outcome: Outcome }
  | { readonly kind: "retrying"; readonly stage: string; readonly error: HeadraceError; readonly attempt: number; readonly delayMs: number }
  | { readonly kind: "batch-halved"; readonly stage: string; readonly items: number; readonly error: HeadraceError }
  /** The stage's service is away or asks for less; its workers wait together. */
  | { readonly kind: "outage-started"; readonly stage: string; readonly error: HeadraceError }
  | { readonly kind: "outage-ended"; readonly stage: string; readonly elapsedMs: number }
  | { readonly kind: "notice"; readonly message: string }
  | { readonly kind: "stopping"; readonly how: "soft" | "hard" }
  | { readonly kind: "run-ended"; readonly report: RunReport };

/** Called synchronously from the hot path: be quick, do not throw. */
export type Observer = (event: RunEvent) => void;
