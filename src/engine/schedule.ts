/** The interface of the two schedules, sequential and overlapped. */
import type { HeadraceError } from "../contracts/index.js";
import type { ByteGate } from "./byte-gate.js";
import type { Halt } from "./halt.js";
import type { LaneRunner } from "./lane.js";
import type { SourcePuller } from "./source-puller.js";

/** The parts of a run that a schedule works with. */
export interface Flow {
  /** The lanes in the order in which items pass through them; the sink is the last. */
  readonly lanes: readonly LaneRunner[];
  readonly puller: SourcePuller;
  readonly gate: ByteGate | undefined;
  readonly halt: Halt;
  /** Ends the run with an error. */
  readonly onFatal: (error: HeadraceError) => void;
}

/** Decides when items pass through the stages. */
export interface Schedule {
  /** Reads all items and runs them through all lanes. Resolves when no worker has work left, or after `halt`. */
  run(): Promise<void>;
  /**
   * Makes batches that wait for more items start now. "draining": no batch lingers for the rest of the run. "gate": an item has started to
   * wait at the byte gate.
   */
  endLingering(why: "draining" | "gate"): void;
  halt(): void;
  /** The largest number of items that waited at once in front of a lane. */
  maxQueued(lane: number): number;
  /** What waits in front of a lane now, and how many items may. */
  queue(lane: number): QueueFill;
}

export interface QueueFill {
  readonly items: number;
  readonly bytes: number;
  readonly maxItems: number;
}

export const noQueue: QueueFill = { items: 0, bytes: 0, maxItems: 0 };
