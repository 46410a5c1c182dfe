/** What `copy`, `export`, `import`, `restore` and `classify` share: the progress of rows and the report. */
import { type MovePreview, type MoveReport, type MoveRun, moveDocument } from "../../app/index.js";
import { moveText } from "../reports/summary.js";
import { type ExitCode, exitCodes } from "../terminal/exit.js";
import { counted } from "../terminal/printable-text.js";
import { adviceLines } from "../terminal/resume-advice.js";
import type { Terminal } from "../terminal/terminal.js";
import { type RunHooks, runToEnd } from "./run-to-end.js";

/** The source and the target of the rows, as reports show them. */
export interface MoveEnds {
  readonly from: string;
  readonly to: string;
  /** What else the report says. */
  readonly more?: { readonly document: object; readonly lines: readonly string[] };
}

/** What `runMove` needs of a run. */
interface Moving<Report extends MoveReport> extends Omit<MoveRun, "done" | "stages"> {
  readonly done: Promise<Report>;
}

/** Runs a copy, export, import or classification to its end. `advice` tells the user what to do if the run did not complete. */
export function runMove<Report extends MoveReport, R extends Moving<Report>>(
  terminal: Terminal,
  start: (hooks: RunHooks) => Promise<R & Moving<Report>>,
  ends: (run: R, report: Report) => MoveEnds,
  advice: string,
): Promise<ExitCode> {
  return runToEnd<Report, R & Moving<Report>>(terminal, {
    start,
    progress: ({ total }) => ({ unit: "rows", count: () => total }),
    show: (run, report, failures) => {
      const { more, ...named } = ends(run, report);
      const document = moveDocument(report, { ...named, failures });
      const text = moveText(document, [...(more?.lines ?? []), ...adviceLines(report, advice)]);
      return { document: { ...document, ...more?.document }, text };
    },
  });
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
