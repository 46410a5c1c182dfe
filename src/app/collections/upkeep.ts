/** What a call does after its last row: settling, and the upkeep that its collection is owed. */
import { type Collection, HeadraceError, type RunReport } from "../../contracts/index.js";

export interface AfterRunOptions {
  /** Tells the collection from others of the pipeline. */
  readonly label: string;
  readonly collection: Pick<Collection, "settle" | "upkeep">;
  readonly ended: RunReport["ended"];
  /** Hard stop. */
  readonly signal: AbortSignal;
  /** Soft stop: upkeep is not begun, or left where it is, for the next call. */
  readonly soft: AbortSignal;
}

/** One owner a pipeline. */
export class Upkeep {
  readonly #running = new Set<string>();

  /** What went wrong, or null. Does not reject: the rows are stored, whatever happens now. */
  async after(options: AfterRunOptions): Promise<HeadraceError | null> {
    const { collection, ended, signal, soft } = options;
    if (ended !== "completed" && ended !== "drained") return null;
    try {
      await collection.settle(signal);
      if (ended === "completed" && !soft.aborted) await this.#owed(options);
      return null;
    } catch (error) {
      return soft.aborted && !signal.aborted ? null : HeadraceError.from(error);
    }
  }

  /** Callers that end while another one's upkeep runs leave theirs to the next call, instead of waiting for two. */
  async #owed({ label, collection, signal, soft }: AfterRunOptions): Promise<void> {
    if (this.#running.has(label)) return;
    this.#running.add(label);
    try {
      await collection.upkeep("owed", AbortSignal.any([signal, soft]));
    } finally {
      this.#running.delete(label);
    }
  }
}
