/** What `ingest`, `retry`, `sync` and `work` share: the progress of images, the dead letters and the report. */
import { InvalidArgumentError, Option } from "commander";
import type { IngestRun, InsertStats, ReportContext } from "../../app/index.js";
import type { ExitCode } from "../terminal/exit.js";
import { adviceLines, rerunAdvice } from "../terminal/resume-advice.js";
import type { Terminal } from "../terminal/terminal.js";
import type { CommonOptions } from "./context.js";
import { type RunHooks, runToEnd } from "./run-to-end.js";

interface StartedRun<R extends InsertStats> extends Omit<IngestRun, "done"> {
  readonly done: Promise<R>;
}

interface Ingestion<R extends InsertStats> {
  /** `soft` aborts at the first Ctrl-C. It ends a wait before the run. */
  readonly start: (hooks: RunHooks, soft: AbortSignal) => Promise<StartedRun<R>>;
  /** Returns the total number of images; null when it is unknown. */
  readonly count: (stop: AbortSignal) => Promise<number | null>;
  /** Makes the report. `ending` are its last lines. */
  readonly show: (
    report: R,
    context: Omit<ReportContext, "collection" | "leftOut">,
    ending: readonly string[],
  ) => { readonly document: object; readonly text: string };
}

export function runIngestion<R extends InsertStats>(terminal: Terminal, { start, count, show }: Ingestion<R>): Promise<ExitCode> {
  return runToEnd<R, StartedRun<R>>(terminal, {
    start,
    progress: (run) => ({ unit: "images", count, serverLoad: () => run.serverLoad() }),
    show: (run, report, failures) => {
      const deadLetters = report.deadLetters > 0 ? run.deadLetterPath : null;
      const peakRssBytes = process.resourceUsage().maxRSS * 1024;
      return show(report, { failures, deadLetters, peakRssBytes }, adviceLines(report, rerunAdvice));
    },
  });
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
