/** What a running job does now: the state of each stage, its speed, the latest failures, and what limits the speed. */
import type { IngestRun, ReportedFailure } from "../../app/index.js";
import type { Counts, RunEvent, RunSnapshot, StageReport, StageState, UpkeepProgress } from "../../contracts/index.js";
import { countsOf } from "./job.js";

/** A stage over the time since the last picture. Shares are from 0 to 1. */
export interface PicturedStage {
  readonly name: string;
  readonly workers: number;
  readonly queuedItems: number;
  readonly queuedBytes: number;
  readonly maxQueuedItems: number;
  /** Since the beginning of the run. */
  readonly items: number;
  readonly retries: number;
  readonly itemsPerSecond: number;
  readonly busy: number;
  readonly starved: number;
  readonly blocked: number;
  readonly waiting: number;
}

export interface Picture {
  readonly elapsedMs: number;
  /** null: unknown. */
  readonly total: number | null;
  readonly counts: Counts;
  /** Images that ended since the last picture, by second. */
  readonly imagesPerSecond: number;
  readonly bytesInFlight: number;
  readonly maxBytesInFlight: number;
  readonly stages: readonly PicturedStage[];
  readonly failuresByCode: Readonly<Record<string, number>>;
  /** The latest failure first. */
  readonly recentFailures: readonly ReportedFailure[];
  /** The services that stages wait for. */
  readonly outages: readonly { readonly stage: string; readonly code: string }[];
  /** The maintenance after the last row. */
  readonly upkeep: UpkeepProgress | null;
  readonly server: ReturnType<IngestRun["serverLoad"]>;
  readonly verdict: string;
  /** The stage that `verdict` names as the limit. null: it names none. */
  readonly limitingStage: string | null;
}

const maxRecent = 20;

/** Collects what the events of a run tell, and makes pictures. */
export class LivePicture {
  readonly #failures = new Map<string, number>();
  #recent: readonly ReportedFailure[] = [];
  readonly #outages = new Map<string, string>();
  #upkeep: UpkeepProgress | null = null;
  #before: RunSnapshot | null = null;

  constructor(
    readonly run: Pick<IngestRun, "snapshot" | "stages" | "verdict" | "limitingStage" | "serverLoad">,
    readonly maxBytesInFlight: number,
  ) {}

  see(event: RunEvent): void {
    if (event.kind === "outage-started") this.#outages.set(event.stage, event.error.code);
    if (event.kind === "outage-ended") this.#outages.delete(event.stage);
    if (event.kind === "upkeep") this.#upkeep = event.progress;
  }

  failed(failure: ReportedFailure): void {
    this.#failures.set(failure.code, (this.#failures.get(failure.code) ?? 0) + 1);
    this.#recent = [failure, ...this.#recent].slice(0, maxRecent);
  }

  take(total: number | null): Picture {
    const { run } = this;
    const now = run.snapshot();
    const before = this.#before;
    this.#before = now;
    const elapsedMs = now.elapsedMs - (before?.elapsedMs ?? 0);
    return {
      elapsedMs: Math.round(now.elapsedMs),
      total,
      counts: countsOf(now),
      imagesPerSecond: perSecond(endedItems(now) - (before === null ? 0 : endedItems(before)), elapsedMs),
      bytesInFlight: now.inFlightBytes,
      maxBytesInFlight: this.maxBytesInFlight,
      stages: run.stages().map((state, at) => pictured(state, now.stages[at], before?.stages[at], elapsedMs)),
      failuresByCode: Object.fromEntries(this.#failures),
      recentFailures: this.#recent,
      outages: [...this.#outages].map(([stage, code]) => ({ stage, code })),
      upkeep: this.#upkeep,
      server: run.serverLoad(),
      verdict: run.verdict(),
      limitingStage: run.limitingStage(),
    };
  }
}

function pictured(
  { name, queuedItems, queuedBytes, maxQueuedItems }: StageState,
  now: StageReport | undefined,
  before: StageReport | undefined,
  elapsedMs: number,
): PicturedStage {
  const spent = (field: "busyMs" | "starvedMs" | "blockedMs" | "waitingMs"): number =>
    Math.max(0, (now?.[field] ?? 0) - (before?.[field] ?? 0));
  const all = spent("busyMs") + spent("starvedMs") + spent("blockedMs") + spent("waitingMs");
  const share = (ms: number): number => (all === 0 ? 0 : Math.round((ms / all) * 1000) / 1000);
  return {
    name,
    workers: now?.workers ?? 0,
    queuedItems,
    queuedBytes,
    maxQueuedItems,
    items: now?.items ?? 0,
    retries: now?.retries ?? 0,
    itemsPerSecond: perSecond((now?.items ?? 0) - (before?.items ?? 0), elapsedMs),
    busy: share(spent("busyMs")),
    starved: share(spent("starvedMs")),
    blocked: share(spent("blockedMs")),
    waiting: share(spent("waitingMs")),
  };
}

function endedItems({ stored, skipped, failed, abandoned }: Counts): number {
  return stored + skipped + failed + abandoned;
}

function perSecond(count: number, elapsedMs: number): number {
  return elapsedMs <= 0 ? 0 : Math.round((count / elapsedMs) * 10_000) / 10;
}
