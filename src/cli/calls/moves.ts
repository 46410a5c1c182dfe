/** What `copy`, `export` and `import` share: interrupts, progress, report and exit code. */
import { type MovePreview, type MoveReport, type MoveRun, moveDocument, type ReportedFailure, reportedFailure } from "../../app/index.js";
import type { Observer, Outcome } from "../../contracts/index.js";
import { moveText } from "../reports/summary.js";
import { type ExitCode, exitCodeOfRun, exitCodes, runErrorDocument } from "../terminal/exit.js";
import { watchInterrupts } from "../terminal/interrupts.js";
import { counted } from "../terminal/printable-text.js";
import { adviceLines } from "../terminal/resume-advice.js";
import { noteEvent, showProgressUntilDone } from "../terminal/run-progress.js";
import type { Terminal } from "../terminal/terminal.js";
import { UpkeepLine } from "../terminal/upkeep-line.js";

/** The source and the target of the rows, as reports show them. */
export interface MoveEnds {
  readonly from: string;
  readonly to: string;
  /** What else the report says. */
  readonly more?: { readonly document: object; readonly lines: readonly string[] };
}

/** What `runMove` needs of a run. */
interface Moving<Report extends MoveReport> extends Omit<MoveRun, "done"> {
  readonly done: Promise<Report>;
}

/** Arguments of the function that starts the run. */
export interface MoveHooks {
  readonly signal: AbortSignal;
  readonly observer: Observer;
  readonly onOutcome: (outcome: Outcome) => void;
}

const maxFailuresShown = 1_000;

/** Runs a copy, export, import or classification to its end. `advice` tells the user what to do if the run did not complete. */
export async function runMove<Report extends MoveReport, R extends Moving<Report>>(
  terminal: Terminal,
  start: (hooks: MoveHooks) => Promise<R & Moving<Report>>,
  ends: (run: R, report: Report) => MoveEnds,
  advice: string,
): Promise<ExitCode> {
  const failures: ReportedFailure[] = [];
  let run: R | undefined;
  const upkeep = new UpkeepLine();
  const interrupts = watchInterrupts(terminal, () => run?.drain());
  try {
    const started = await start({
      signal: interrupts.hard,
      observer: (event) => noteEvent(terminal, event, upkeep),
      onOutcome: (outcome) => {
        if (outcome.kind !== "failed" || failures.length >= maxFailuresShown) return;
        failures.push(reportedFailure(outcome));
      },
    });
    run = started;
    if (interrupts.wasInterrupted()) run.drain();
    const report = await showProgressUntilDone(run, terminal, { unit: "rows", count: () => started.total, upkeep });
    if (report.read === 0 && report.error !== undefined) throw report.error;
    const { more, ...named } = ends(run, report);
    const document = moveDocument(report, { ...named, failures });
    const code = exitCodeOfRun(report, interrupts.wasInterrupted());
    const text = moveText(document, [...(more?.lines ?? []), ...adviceLines(report, advice)]);
    terminal.summary({ ...document, ...more?.document, ...runErrorDocument(report) }, text, code);
    return code;
  } finally {
    interrupts.dispose();
  }
}

/** Prints what a copy or import would do. */
export function showMovePreview(terminal: Terminal, { from, to }: MoveEnds, preview: MovePreview): ExitCode {
  const { listed, known, fresh, creates } = preview;
  terminal.result(
    { dryRun: true, from, to, ...preview },
    `${counted(listed, "row")} in ${from}: ${known} are the same in ${to}, ${fresh} would be written${creates ? `; ${to} would be created` : ""}. Nothing was written.\n`,
  );
  return exitCodes.ok;
}
