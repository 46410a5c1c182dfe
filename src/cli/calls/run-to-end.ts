/** What all commands with a run share: interrupts, progress, failures, report and exit code. */
import { type ReportedFailure, reportedFailure } from "../../app/index.js";
import type { Observer, Outcome, RunReport, RunSnapshot } from "../../contracts/index.js";
import { type ExitCode, exitCodeOfRun, runErrorDocument } from "../terminal/exit.js";
import { watchInterrupts } from "../terminal/interrupts.js";
import { noteEvent, type ProgressOptions, showProgressUntilDone } from "../terminal/run-progress.js";
import type { Terminal } from "../terminal/terminal.js";
import { UpkeepLine } from "../terminal/upkeep-line.js";

/** Arguments of the function that starts the run. */
export interface RunHooks {
  readonly signal: AbortSignal;
  readonly observer: Observer;
  readonly onOutcome: (outcome: Outcome) => void;
}

interface StartedRun<Report extends RunReport> {
  drain(): void;
  snapshot(): RunSnapshot;
  readonly done: Promise<Report>;
}

interface Endings<R, Report extends RunReport> {
  /** `soft` aborts at the first Ctrl-C. It ends a wait before the run. */
  readonly start: (hooks: RunHooks, soft: AbortSignal) => Promise<R>;
  readonly progress: (run: R) => Omit<ProgressOptions, "upkeep">;
  /** Makes what is printed at the end. */
  readonly show: (run: R, report: Report, failures: readonly ReportedFailure[]) => { readonly document: object; readonly text: string };
}

/** Maximum number of failures that the summary can use. The dead-letter file contains all failures. */
const maxFailuresShown = 1_000;

/** The first Ctrl-C drains the run. Throws the error of a run that read nothing. */
export async function runToEnd<Report extends RunReport, R extends StartedRun<Report>>(
  terminal: Terminal,
  { start, progress, show }: Endings<R & StartedRun<Report>, Report>,
): Promise<ExitCode> {
  const failures: ReportedFailure[] = [];
  let run: StartedRun<Report> | undefined;
  const upkeep = new UpkeepLine();
  const soft = new AbortController();
  const interrupts = watchInterrupts(terminal, () => {
    soft.abort();
    run?.drain();
  });
  try {
    const hooks: RunHooks = {
      signal: interrupts.hard,
      observer: (event) => noteEvent(terminal, event, upkeep),
      onOutcome: (outcome) => {
        if (outcome.kind === "failed" && failures.length < maxFailuresShown) failures.push(reportedFailure(outcome));
      },
    };
    const started = await start(hooks, soft.signal);
    run = started;
    if (interrupts.wasInterrupted()) run.drain();
    const report = await showProgressUntilDone(run, terminal, { ...progress(started), upkeep });
    if (report.read === 0 && report.error !== undefined) throw report.error;
    const code = exitCodeOfRun(report, interrupts.wasInterrupted());
    const { document, text } = show(started, report, failures);
    terminal.summary({ ...document, ...runErrorDocument(report) }, text, code);
    return code;
  } finally {
    interrupts.dispose();
  }
}
