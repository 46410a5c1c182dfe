/** The contract of the two schedules. */
import type { HeadraceError } from "../contracts/index.js";
import type { ByteGate } from "./byte-gate.js";
import type { Halt } from "./halt.js";
import type { LaneRunner } from "./lane.js";
import type { SourcePuller } from "./source-puller.js";

/** The parts of a run that a schedule works with. */
export interface Flow {
  /** In the order of the flow; the sink is the last. */
  readonly lanes: readonly LaneRunner[];
  readonly puller: SourcePuller;
  readonly gate: ByteGate | undefined;
  readonly halt: Halt;
  /** Ends the run with an error. */
  readonly onFatal: (error: HeadraceError) => void;
}

/** Decides in which order items pass through the stages. */
export interface Schedule {
  /** Reads all items and runs them through all lanes. Resolves when no worker has anything left to do, or after `halt`. */
  run(): Promise<void>;
  /** Makes waiting batches leave. "draining": lingering ends for the rest of the run. "gate": an item waits at the byte gate now. */
  endLingering(why: "draining" | "gate"): void;
  halt(): void;
  /** Maximum number of items that waited in front of a lane. */
  maxQueued(lane: number): number;
}
