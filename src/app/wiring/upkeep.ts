/** The work of a call after its last row: it calls the collection's `settle`, for example to flush, and does the upkeep that is due. */
import { type Collection, HeadraceError, type Observer, type RunReport } from "../../contracts/index.js";

/** The collection that a run wrote to, and how the run ended. */
export interface AfterRunOptions {
  /** Name of the collection, unique within the pipeline. */
  readonly label: string;
  readonly collection: Pick<Collection, "settle" | "upkeep">;
  readonly ended: RunReport["ended"];
  /** Hard stop: upkeep is aborted, and the call reports the error. */
  readonly signal: AbortSignal;
  /** Soft stop: upkeep does not start, or stops. The next call does it. */
  readonly soft: AbortSignal;
  /** Receives the progress of upkeep. */
  readonly observer?: Observer | undefined;
}

/** Runs upkeep, at most once at the same time per collection. Each pipeline has one `Upkeep`. */
export class Upkeep {
  readonly #running = new Set<string>();

  /** Does the work after a run. Returns an error instead of rejecting, because the rows are already stored; null if there was no error. */
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

  /** Does nothing while another call does upkeep of the same collection. The next call does the rest. So no call waits for two upkeeps. */
  async #doOwed({ label, collection, signal, soft, observer }: AfterRunOptions): Promise<void> {
    if (this.#running.has(label)) return;
    this.#running.add(label);
    try {
      await collection.upkeep("owed", AbortSignal.any([signal, soft]), {
        onProgress: (progress) => observer?.({ kind: "upkeep", progress }),
      });
    } finally {
      this.#running.delete(label);
    }
  }
}
