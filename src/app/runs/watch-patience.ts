/** Lets a watch go on after errors that pass: another writer, an outage, a folder that is away for a moment. */
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";
import { backOffMs, pauseUnlessAborted } from "../../kit/index.js";
import { type InputStream, listInputs } from "../../sources/index.js";
import type { InsertStats } from "./ingest-images.js";

/** After these errors the same run can succeed without any change of the settings. */
const passing: ReadonlySet<ErrorCode> = new Set([
  "disk_full",
  "embedder_unavailable",
  "lock_held",
  "lock_lost",
  "outage_too_long",
  "overloaded",
  "source_failed",
  "state_unwritable",
  "store_unavailable",
  "timed_out",
]);
const pauses = { baseDelayMs: 1_000, maxDelayMs: 60_000 } as const;

export interface WatchPatienceOptions {
  readonly ingest: (inputs: InputStream) => Promise<InsertStats>;
  /** The watched folder. After an error all of it is listed again, because nobody knows how far the run has come. */
  readonly folder: string;
  /** Ends the waiting. The error that was waited for is then thrown. */
  readonly signal: AbortSignal;
  /** Prints a line for the user. */
  readonly note: (line: string) => void;
}

export class WatchPatience {
  readonly #options: WatchPatienceOptions;
  /** A folder that is missing from the beginning is a mistake of the user, so the first run does not wait for it. */
  #hasIngested = false;
  /** The causes that were told and have not passed yet. */
  readonly #told = new Set<string>();

  constructor(options: WatchPatienceOptions) {
    this.#options = options;
  }

  /** Ingests the inputs. After an error that can pass, pauses, then ingests the whole folder, until that succeeds. Throws other errors. */
  async ingest(inputs: InputStream): Promise<InsertStats> {
    const { folder, signal, note } = this.#options;
    const whole = listInputs({ paths: [folder] });
    let next = inputs;
    for (let failures = 1; ; failures += 1) {
      try {
        const stats = await this.#options.ingest(next);
        this.#hasIngested = true;
        if (next === whole) note(`The watch goes on: ${folder} was listed again.`);
        this.#tell(stats.upkeepError ?? null, "All rows are stored, but the work after them is not done");
        return stats;
      } catch (thrown) {
        const error = HeadraceError.from(thrown);
        if (signal.aborted || !this.#mayPass(error)) throw error;
        this.#tell(error, "The watch waits, and then lists the whole folder again");
        await pauseUnlessAborted(backOffMs(pauses, failures), signal);
        if (signal.aborted) throw error;
        next = whole;
      }
    }
  }

  #mayPass({ code }: HeadraceError): boolean {
    return passing.has(code) && (this.#hasIngested || code !== "source_failed");
  }

  /** Says each cause once, until a run has succeeded without it. */
  #tell(error: HeadraceError | null, what: string): void {
    if (error === null) {
      this.#told.clear();
      return;
    }
    const cause = `${what}: [${error.code}] ${error.message}`;
    if (!this.#told.has(cause)) this.#options.note(error.hint === "" ? cause : `${cause}\n  ${error.hint}`);
    this.#told.add(cause);
  }
}
