/** The work of a call after its last row: it settles the collection and does the upkeep that is owed. */
import { type Collection, HeadraceError, type RunReport } from "../../contracts/index.js";

/** Which collection a run wrote to, and how the run ended. */
export interface AfterRunOptions {
  /** Name of the collection, unique within the pipeline. */
  readonly label: string;
  readonly collection: Pick<Collection, "settle" | "upkeep">;
  readonly ended: RunReport["ended"];
  /** Hard stop. */
  readonly signal: AbortSignal;
  /** Soft stop: upkeep does not start, or stops, and is left to the next call. */
  readonly soft: AbortSignal;
}

/** Runs upkeep, once at a time per collection. There is one instance per pipeline. */
export class Upkeep {
  readonly #running = new Set<string>();

  /** Returns the error, or null. Never rejects, because the rows are stored in any case. */
  async after(options: AfterRunOptions): Promise<HeadraceError | null> {
    const { collection, ended, signal, soft } = options;
    if (ended !== "completed" && ended !== "drained") return null;
    try {
      await collection.settle(signal);
      if (ended === "completed" && !soft.aborted) await this.#doOwed(options);
      return null;
    } catch (error) {
      return soft.aborted && !signal.aborted ? null : HeadraceError.from(error);
    }
  }

  /** If the upkeep of another call is running, this one is left to the next call, so that no call waits for two. */
  async #doOwed({ label, collection, signal, soft }: AfterRunOptions): Promise<void> {
    if (this.#running.has(label)) return;
    this.#running.add(label);
    try {
      await collection.upkeep("owed", AbortSignal.any([signal, soft]));
    } finally {
      this.#running.delete(label);
    }
  }
}
