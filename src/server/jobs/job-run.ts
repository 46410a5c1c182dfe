/** One attempt of a job: its work, until it ends or is stopped. */
import { FailureFile, type IngestDocument, ingestDocument, type ReportedFailure, reportedFailure } from "../../app/index.js";
import { type Counts, HeadraceError, type Observer, type Outcome, type RunReport, type StageState } from "../../contracts/index.js";
import { mebibyte, whenAvailable } from "../../kit/index.js";
import { sha256Of } from "../insertions/sources.js";
import type { WatchedRun } from "../telemetry/telemetry.js";
import { countsOf, type Job, noCounts } from "./job.js";
import type { WorkHooks, WorkParts, WorkRun, WorkStats } from "./job-work.js";
import { LivePicture, type Picture } from "./live-picture.js";
import { workOf } from "./work-kinds.js";

export interface JobRunOptions extends WorkParts {
  readonly watched: WatchedRun;
  readonly onPicture: (picture: Picture) => void;
  /** Called before each pause, when a service that the job needs is not there. */
  readonly onUnavailable: (error: HeadraceError, delayMs: number) => void;
}

/** How an attempt ended. */
export interface AttemptEnd {
  readonly ended: RunReport["ended"];
  readonly counts: Counts;
  readonly report: IngestDocument | null;
  readonly error: HeadraceError | null;
  /** The SHA-256 of images that came with a job and have a row since this retry of it. Null: the job is no retry. */
  readonly retried: ReadonlySet<string> | null;
}

const pictureEveryMs = 500;
/** The report has the first failures; the file has all. */
const maxReportedFailures = 1000;

export class JobRun {
  readonly #options: JobRunOptions;
  readonly #hard = new AbortController();
  readonly #soft = new AbortController();
  #attempting: Promise<AttemptEnd> | undefined;
  #run: WorkRun | null = null;
  #total: number | null = null;

  constructor(options: JobRunOptions) {
    this.#options = options;
  }

  /** Begins the attempt, if it has not begun, and resolves when it has ended. Never rejects. */
  done(): Promise<AttemptEnd> {
    this.#attempting ??= this.#attempt();
    return this.#attempting;
  }

  /** Reads no more images and finishes those in flight. */
  drain(): void {
    this.#soft.abort();
    this.#run?.drain();
  }

  /** Ends at once. */
  abort(): void {
    this.drain();
    this.#hard.abort(new HeadraceError("aborted", `job ${this.#options.job.id}: stopped`));
  }

  get total(): number | null {
    return this.#total;
  }

  /** What the attempt has counted so far. Undefined until it reads images. */
  get progress(): Pick<Job, "counts" | "total"> | undefined {
    return this.#run === null ? undefined : { counts: countsOf(this.#run.snapshot()), total: this.#total };
  }

  /** What names this attempt in the log and in traces. */
  get names(): { readonly run: string; readonly trace_id?: string } {
    const { id, traceId } = this.#options.watched;
    return { run: id, ...(traceId === null ? {} : { trace_id: traceId }) };
  }

  stages(): readonly StageState[] {
    return this.#run?.stages() ?? [];
  }

  async #attempt(): Promise<AttemptEnd> {
    const reported: ReportedFailure[] = [];
    const retried = this.#options.job.request.retry === null ? null : new Set<string>();
    try {
      const failures = await FailureFile.begin(this.#options.folder.failuresPath);
      let picture: LivePicture | null = null;
      const observer: Observer = (event) => {
        picture?.see(event);
        this.#options.watched.observer(event);
      };
      const onOutcome = (outcome: Outcome): void => {
        const sha256 = retried === null || !hasRow(outcome) ? null : sha256Of(outcome.facts.source);
        if (sha256 !== null) retried?.add(sha256);
        if (outcome.kind !== "failed") return;
        failures.add(outcome);
        const failure = reportedFailure(outcome);
        picture?.failed(failure);
        if (reported.length < maxReportedFailures) reported.push(failure);
      };
      const onTotal = (total: number | null): void => {
        this.#total = total;
      };
      const run = await this.#startPatiently({ observer, onOutcome, onTotal, signal: this.#hard.signal, stop: this.#soft.signal });
      this.#run = run;
      this.#options.watched.attach(run);
      picture = new LivePicture(run, this.#options.settings.asyncPipeline.memoryBudgetMb * mebibyte);
      if (this.#soft.signal.aborted) run.drain();
      const stats = await this.#watched(run, picture);
      await failures.finish();
      return { ...this.#endOf(stats, reported), retried };
    } catch (thrown) {
      const error = HeadraceError.from(thrown);
      this.#options.watched.detach(error);
      return { ended: this.#soft.signal.aborted ? "aborted" : "failed", counts: noCounts, report: null, error, retried };
    }
  }

  /** Starts the run. Tries again while the embedder or the store is not there, for as long as a run would wait for them. */
  async #startPatiently(hooks: WorkHooks): Promise<WorkRun> {
    const work = workOf(this.#options);
    const { limits, triton } = this.#options.settings;
    const maxOutage = limits.maxOutage ?? triton?.maxOutage;
    return whenAvailable(() => work.start(hooks), {
      ...(maxOutage === undefined ? {} : { maxOutageMs: maxOutage * 1000 }),
      signal: this.#soft.signal,
      onUnavailable: this.#options.onUnavailable,
    });
  }

  async #watched(run: WorkRun, picture: LivePicture): Promise<WorkStats> {
    const show = (): void => this.#options.onPicture(picture.take(this.#total));
    const timer = setInterval(show, pictureEveryMs);
    try {
      const stats = await run.done;
      show();
      return stats;
    } finally {
      clearInterval(timer);
    }
  }

  #endOf(stats: WorkStats, failures: readonly ReportedFailure[]): Omit<AttemptEnd, "retried"> {
    const peakRssBytes = process.resourceUsage().maxRSS * 1024;
    const report = ingestDocument(stats, {
      collection: this.#options.job.request.collection,
      leftOut: stats.leftOut,
      ...(stats.leftOutColumns === undefined ? {} : { leftOutColumns: stats.leftOutColumns }),
      failures,
      deadLetters: null,
      peakRssBytes,
    });
    return { ended: stats.ended, counts: countsOf(stats), report, error: stats.error ?? null };
  }
}

function hasRow(outcome: Outcome): boolean {
  return outcome.kind === "stored" || (outcome.kind === "skipped" && outcome.reason === "known");
}
