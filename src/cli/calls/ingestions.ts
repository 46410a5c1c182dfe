/** What `ingest`, `retry` and `sync` share: interrupts, progress, failures, report and exit code. */
import { InvalidArgumentError, Option } from "commander";
import { type IngestRun, type InsertStats, type ReportContext, type ReportedFailure, reportedFailure } from "../../app/index.js";
import type { Observer, Outcome } from "../../contracts/index.js";
import { type ExitCode, exitCodeOfRun, runErrorDocument } from "../terminal/exit.js";
import { watchInterrupts } from "../terminal/interrupts.js";
import { adviceLines, rerunAdvice } from "../terminal/resume-advice.js";
import { noteEvent, showProgressUntilDone } from "../terminal/run-progress.js";
import type { Terminal } from "../terminal/terminal.js";
import { UpkeepLine } from "../terminal/upkeep-line.js";
import type { CommonOptions } from "./context.js";

/** Arguments of the function that starts the run. */
interface IngestionHooks {
  readonly signal: AbortSignal;
  readonly observer: Observer;
  readonly onOutcome: (outcome: Outcome) => void;
}

interface StartedRun<R extends InsertStats> extends Omit<IngestRun, "done"> {
  readonly done: Promise<R>;
}

interface Ingestion<R extends InsertStats> {
  /** `soft` aborts at the first Ctrl-C. It ends a wait before the run. */
  readonly start: (hooks: IngestionHooks, soft: AbortSignal) => Promise<StartedRun<R>>;
  /** Returns the total number of images; null when it is unknown. */
  readonly count: (stop: AbortSignal) => Promise<number | null>;
  /** Makes the report. `ending` are its last lines. */
  readonly show: (
    report: R,
    context: Omit<ReportContext, "collection" | "leftOut">,
    ending: readonly string[],
  ) => { readonly document: object; readonly text: string };
}

/** Maximum number of failures that the summary can use. The dead-letter file contains all failures. */
const maxFailuresShown = 1_000;

export async function runIngestion<R extends InsertStats>(terminal: Terminal, { start, count, show }: Ingestion<R>): Promise<ExitCode> {
  const failures: ReportedFailure[] = [];
  let run: StartedRun<R> | undefined;
  const upkeep = new UpkeepLine();
  const soft = new AbortController();
  const interrupts = watchInterrupts(terminal, () => {
    soft.abort();
    run?.drain();
  });
  try {
    const hooks: IngestionHooks = {
      signal: interrupts.hard,
      onOutcome: (outcome) => {
        if (outcome.kind !== "failed" || failures.length >= maxFailuresShown) return;
        failures.push(reportedFailure(outcome));
      },
      observer: (event) => noteEvent(terminal, event, upkeep),
    };
    const started = await start(hooks, soft.signal);
    run = started;
    if (interrupts.wasInterrupted()) run.drain();
    const report = await showProgressUntilDone(run, terminal, {
      unit: "images",
      count,
      serverLoad: () => started.serverLoad(),
      upkeep,
    });
    if (report.read === 0 && report.error !== undefined) throw report.error;
    const code = exitCodeOfRun(report, interrupts.wasInterrupted());
    const deadLetters = report.deadLetters > 0 ? run.deadLetterPath : null;
    const peakRssBytes = process.resourceUsage().maxRSS * 1024;
    const { document, text } = show(report, { failures, deadLetters, peakRssBytes }, adviceLines(report, rerunAdvice));
    terminal.summary({ ...document, ...runErrorDocument(report) }, text, code);
    return code;
  } finally {
    interrupts.dispose();
  }
}

/** The option `--max-failures`. */
export function maxFailuresOption(): Option {
  return new Option("--max-failures <n>", "end the run when more images than this fail: a number, or a share such as 5%").argParser(
    (text: string) => {
      if (/^\d+$/.test(text) || (/^\d+(\.\d+)?%$/.test(text) && Number.parseFloat(text) <= 100)) return text;
      throw new InvalidArgumentError("It must be a whole number, or a share from 0% to 100%.");
    },
  );
}

/** Adds the setting that `--max-failures` stands for. */
export function withMaxFailures<O extends CommonOptions & { readonly maxFailures?: string }>(options: O): O {
  const { maxFailures, set = [] } = options;
  if (maxFailures === undefined) return options;
  const setting = maxFailures.endsWith("%")
    ? `limits.max_failure_ratio=${Number.parseFloat(maxFailures) / 100}`
    : `limits.max_failures=${maxFailures}`;
  return { ...options, set: [...set, setting] };
}
