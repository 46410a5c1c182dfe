/** Turns the events and the state of runs into metrics. */
import type { Observer, RunEvent, RunSnapshot, StageReport, StageState } from "../../contracts/index.js";
import type { Metrics } from "./metrics.js";

/** A run in progress. */
export interface LiveRun {
  snapshot(): RunSnapshot;
  stages(): readonly StageState[];
  serverLoad(): { readonly busyShare: number; readonly source: "gpu" | "model" } | null;
}

/** A run whose events become metrics. */
export interface MeasuredRun {
  readonly observer: Observer;
  /** From now until its end, the state of the run is part of each scrape. */
  readonly attach: (run: LiveRun) => void;
  /** For a run that ends without an event. Further calls do nothing. */
  readonly detach: () => void;
}

const activities = ["busy", "starved", "blocked", "waiting"] as const;

export class RunMetrics {
  readonly #metrics: Metrics;
  readonly #live = new Set<LiveRun>();
  /** Times and retries of the runs that have ended, by stage. */
  readonly #ended = new Map<string, StageTotals>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Call it once per run. */
  watch(): MeasuredRun {
    let live: LiveRun | null = null;
    const detach = (): void => {
      if (live !== null) this.#live.delete(live);
      live = null;
    };
    return {
      observer: (event) => {
        this.#count(event);
        if (event.kind !== "run-ended") return;
        detach();
        for (const stage of event.report.stages) addTo(this.#ended, stage);
      },
      attach: (run) => {
        live = run;
        this.#live.add(run);
      },
      detach,
    };
  }

  /** Brings the metrics that describe the present up to date. */
  refresh(): void {
    const { stageSeconds, retries, queueItems, queueBytes, queueLimit, longestBatch, inFlightBytes, runs, modelBusy } = this.#metrics;
    const totals = new Map([...this.#ended].map(([name, stage]) => [name, { ...stage }]));
    for (const metric of [queueItems, queueBytes, queueLimit, longestBatch, modelBusy]) metric.reset();
    inFlightBytes.set(0);
    runs.set(this.#live.size);
    const longest = new Map<string, number>();
    for (const run of this.#live) {
      const snapshot = run.snapshot();
      inFlightBytes.inc(snapshot.inFlightBytes);
      for (const stage of snapshot.stages) addTo(totals, stage);
      for (const { name: stage, queuedItems, queuedBytes, maxQueuedItems, longestBusyMs } of run.stages()) {
        queueItems.inc({ stage }, queuedItems);
        queueBytes.inc({ stage }, queuedBytes);
        queueLimit.inc({ stage }, maxQueuedItems);
        longest.set(stage, Math.max(longestBusyMs / 1000, longest.get(stage) ?? 0));
      }
      const load = run.serverLoad();
      // All runs use the same servers.
      if (load !== null) modelBusy.set({ source: load.source }, load.busyShare);
    }
    for (const [stage, seconds] of longest) longestBatch.set({ stage }, seconds);
    stageSeconds.reset();
    retries.reset();
    for (const [stage, total] of totals) {
      for (const activity of activities) stageSeconds.inc({ stage, activity }, total[`${activity}Ms`] / 1000);
      retries.inc({ stage }, total.retries);
    }
  }

  #count(event: RunEvent): void {
    const { items, outages, batchItems, batchSeconds } = this.#metrics;
    if (event.kind === "batch-done") {
      batchItems.observe({ stage: event.stage }, event.items);
      batchSeconds.observe({ stage: event.stage }, event.elapsedMs / 1000);
    } else if (event.kind === "item-settled") {
      const { outcome } = event;
      items.inc({ outcome: outcome.kind, code: outcome.kind === "failed" ? outcome.error.code : "" });
    } else if (event.kind === "outage-started") {
      outages.inc({ stage: event.stage, code: event.error.code });
    }
  }
}

type StageTotals = Pick<StageReport, "busyMs" | "starvedMs" | "blockedMs" | "waitingMs" | "retries">;

function addTo(totals: Map<string, StageTotals>, { name, busyMs, starvedMs, blockedMs, waitingMs, retries }: StageReport): void {
  const before = totals.get(name) ?? { busyMs: 0, starvedMs: 0, blockedMs: 0, waitingMs: 0, retries: 0 };
  totals.set(name, {
    busyMs: before.busyMs + busyMs,
    starvedMs: before.starvedMs + starvedMs,
    blockedMs: before.blockedMs + blockedMs,
    waitingMs: before.waitingMs + waitingMs,
    retries: before.retries + retries,
  });
}
