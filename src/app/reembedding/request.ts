/** What a caller asks of a re-embedding, and what it reports. */
import type { Observer, Outcome } from "../../contracts/index.js";
import type { FileNaming } from "../../kit/index.js";
import type { DeletionLimit } from "../../operations/index.js";
import type { IngestRun, InsertStats } from "../runs/ingest-images.js";
import type { GateReport } from "./gate.js";

/** What to embed again, and when to switch. */
export interface ReembedRequest {
  /** The alias that programs use; or, with `alias`, a collection that has none yet. */
  readonly name: string;
  /** The alias to give to the collection `name`. It is set at once, so that programs can use it before the switch. */
  readonly alias?: string;
  /** "later": fill and compare, and leave the switch to a later call. Default "now". */
  readonly switching?: "now" | "later";
  /** The most rows whose image may be gone. More: no switch. Default: one in a thousand. */
  readonly maxMissing?: DeletionLimit;
  /** The least mean share (0 to 1) of the ten nearest neighbours that both models have in common. Less: no switch. Default 0. */
  readonly minOverlap?: number;
  /** Where the files are whose sources have a label instead of a folder, see `sync`. */
  readonly naming?: FileNaming;
  /** Hard stop. The same call continues later. */
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** The report of a re-embedding. The numbers of `InsertStats` are those of all passes together. */
export interface ReembedStats extends InsertStats {
  readonly alias: string;
  /** The collection that the alias named when the call began. */
  readonly from: string;
  /** The new collection. */
  readonly to: string;
  /** Whether the alias names the new collection now. If it was refused, `upkeepError` says why. */
  readonly switched: boolean;
  /** Rows that were inserted into the old collection meanwhile, and were embedded after the first pass. */
  readonly caughtUp: number;
  /** Rows of the new collection that were deleted, because they were deleted in the old one. */
  readonly deleted: number;
  /**
   * Rows that only the new collection has. Programs inserted them after an earlier switch, which was rolled back. They stay in the new
   * collection; `carryOver` also embeds them for the old one.
   */
  readonly kept: number;
  /** The comparison of both collections; null if the call ended before it. */
  readonly gate: GateReport | null;
}

/** A re-embedding in progress. */
export interface ReembedRun extends Omit<IngestRun, "done"> {
  readonly from: string;
  readonly to: string;
  /** Number of rows in the old collection. */
  readonly total: number;
  readonly done: Promise<ReembedStats>;
}
