/** What the two schedules have in common. */
import type { HeadraceError } from "../contracts/index.js";
import type { ByteGate } from "./byte-gate.js";
import type { Halt } from "./halt.js";
import type { LaneRunner } from "./lane.js";
import type { SourcePuller } from "./source-puller.js";

/** What a schedule moves items with. */
export interface Flow {
  /** In the order of the flow; the sink is the last. */
  readonly lanes: readonly LaneRunner[];
  readonly reader: SourcePuller;
  readonly gate: ByteGate | undefined;
  readonly halt: Halt;
  /** Ends the run. */
  readonly onFatal: (error: HeadraceError) => void;
}

/** In which order items and stages take turns. */
export interface Schedule {
  /** Reads everything and takes it through all lanes; resolves when no worker has anything left to do, or after `halt`. */
  run(): Promise<void>;
  /** Ends lingering, for good after a soft stop; also called when somebody waits at the byte gate. */
  hurry(why: "draining" | "gate"): void;
  halt(): void;
  /** The most items that waited before a lane. */
  maxQueued(lane: number): number;
}
