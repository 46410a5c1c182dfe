/** The events that a run sends to its observer. */
import type { HeadraceError } from "./errors.js";
import type { Outcome, RunReport } from "./flow.js";

/** The step of maintenance that a store does now. */
export interface UpkeepProgress {
  /** What the store does, in words that follow a colon or begin a line, such as "building the index on vector". */
  readonly step: string;
  /** The finished share of the step, from 0 to 1. null: the store cannot measure it. */
  readonly share: number | null;
  /** Number of rows that the step works on. null: unknown. */
  readonly rows: number | null;
}

/** One event of a run. `kind` is the type of the event. */
export type RunEvent =
  | {
      readonly kind: "run-started";
      readonly schedule: "overlapped" | "sequential";
      readonly stages: readonly { readonly name: string; readonly workers: number }[];
    }
  /** `elapsedMs`: time that the stage was busy with the batch. `wallMs`: the same with the waits before retries and during outages. */
  | {
      readonly kind: "batch-done";
      readonly stage: string;
      readonly items: number;
      readonly elapsedMs: number;
      readonly wallMs: number;
    }
  | { readonly kind: "item-settled"; readonly outcome: Outcome }
  | { readonly kind: "retrying"; readonly stage: string; readonly error: HeadraceError; readonly attempt: number; readonly delayMs: number }
  | { readonly kind: "batch-halved"; readonly stage: string; readonly items: number; readonly error: HeadraceError }
  /** The service that the stage calls is unavailable or overloaded. All workers of the stage wait. */
  | { readonly kind: "outage-started"; readonly stage: string; readonly error: HeadraceError }
  | { readonly kind: "outage-ended"; readonly stage: string; readonly elapsedMs: number }
  | { readonly kind: "notice"; readonly message: string }
  | { readonly kind: "stopping"; readonly how: "soft" | "hard" }
  | { readonly kind: "run-ended"; readonly report: RunReport }
  /** After the last row: the store compacts the collection or builds its indexes. */
  | { readonly kind: "upkeep"; readonly progress: UpkeepProgress };

/** Receives the events of a run. The engine calls the observer synchronously for every batch and item. It must be fast and not throw. */
export type Observer = (event: RunEvent) => void;
