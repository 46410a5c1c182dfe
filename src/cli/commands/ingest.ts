/** `headrace ingest`: images into a collection. */
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  countInputs,
  type ImageEmbeddingPipeline,
  type IngestRun,
  ingestDocument,
  type ListingRequest,
  ListingTally,
  listInputs,
  type ReportedFailure,
  reportedFailure,
} from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { type CommonOptions, collectionOption, terminalOf, withCommonOptions, withPipeline } from "../context.js";
import { type ExitCode, exitCodeOfRun, exitCodes, runErrorDocument } from "../exit.js";
import { watchInterrupts } from "../interrupts.js";
import { adviceLines, rerunAdvice } from "../resume-advice.js";
import { noteEvent, showProgressUntilDone } from "../run-progress.js";
import { previewText, summaryText } from "../summary.js";

interface IngestOptions extends CommonOptions {
  readonly collection?: string;
  readonly pipeline: "async" | "sync";
  readonly manifest?: string;
  readonly filesFrom?: string;
  readonly onBadLine: "fail" | "skip";
  readonly base?: string;
  readonly as?: string;
  readonly limit?: number;
  readonly dryRun?: boolean;
}

type NamedOptions = IngestOptions & { readonly collection: string };

/** What is listed, and what the listing came upon on the way. */
interface Listed {
  readonly request: ListingRequest;
  readonly tally: ListingTally;
}

/** Failures kept for the summary; all of them are in the dead-letter file. */
const maxFailuresShown = 1_000;

export function ingestCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("ingest"))
    .description("index images: files, folders and globs become rows of a collection")
    .argument("[inputs...]", "files, folders, globs; - reads paths from stdin, one a line")
    .addOption(collectionOption())
    .addOption(
      new Option("--pipeline <schedule>", "all stages at once, or one batch after the other").choices(["async", "sync"]).default("async"),
    )
    .option("--manifest <file>", 'JSON lines: {"input": path, "id"?, "metadata"?}; - for stdin')
    .option("--files-from <file>", "more inputs, one a line; - for stdin")
    .addOption(
      new Option("--on-bad-line <what>", "a line of the manifest that cannot be used: a failed image, or a skipped one")
        .choices(["fail", "skip"])
        .default("fail"),
    )
    .option("--base <folder>", "with --as: name files by their path below this folder")
    .option("--as <name>", "with --base: the name that stands for the folder")
    .option("--limit <n>", "the first n images only", positive)
    .option("--dry-run", "list and compare, write nothing")
    .action(async (paths: string[], options: IngestOptions) => exit(await runIngest(paths, options)));
}

async function runIngest(paths: readonly string[], options: IngestOptions): Promise<ExitCode> {
  const listed = listedOf(paths, options);
  return withPipeline(options, (pipeline) => {
    const named = { ...options, collection: options.collection ?? pipeline.defaultCollection };
    return options.dryRun ? showPreview(pipeline, listed, named) : ingest(pipeline, listed, named);
  });
}

function listedOf(paths: readonly string[], options: IngestOptions): Listed {
  const { manifest, filesFrom, base, as, limit, onBadLine } = options;
  if (paths.length === 0 && manifest === undefined && filesFrom === undefined) {
    throw new HeadraceError("usage_invalid", "Expected at least one file, folder or glob, --manifest or --files-from.", {
      hint: "For example: headrace ingest ./photos",
    });
  }
  if ((base === undefined) !== (as === undefined)) {
    throw new HeadraceError("usage_invalid", "--base and --as go together.", { hint: "For example: --base /mnt/photos --as photos" });
  }
  if ([...paths, manifest, filesFrom].filter((path) => path === "-").length > 1) {
    throw new HeadraceError("usage_invalid", "Expected - once: stdin is read once.", { hint: "Write one of the lists into a file." });
  }
  const tally = new ListingTally();
  const request = {
    paths,
    badLines: onBadLine,
    stdin: () => process.stdin,
    onLeftOut: tally.onLeftOut,
    onSkippedLine: tally.onSkippedLine,
    ...(manifest === undefined ? {} : { manifest }),
    ...(filesFrom === undefined ? {} : { filesFrom }),
    ...(base === undefined || as === undefined ? {} : { naming: { base, as } }),
    ...(limit === undefined ? {} : { limit }),
  };
  return { request, tally };
}

async function showPreview(pipeline: ImageEmbeddingPipeline, { request, tally }: Listed, options: NamedOptions): Promise<ExitCode> {
  const found = await pipeline.preview(listInputs(request), options.collection);
  const { leftOut } = tally;
  const document = { dryRun: true, collection: options.collection, ...found, leftOut };
  terminalOf(options).result(document, previewText(found, leftOut));
  return exitCodes.ok;
}

async function ingest(pipeline: ImageEmbeddingPipeline, { request, tally }: Listed, options: NamedOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  const failures: ReportedFailure[] = [];
  let run: IngestRun | undefined;
  const interrupts = watchInterrupts(terminal, () => run?.drain());
  try {
    run = await pipeline.ingest({
      inputs: listInputs(request),
      collectionName: options.collection,
      schedule: options.pipeline === "sync" ? "sequential" : "overlapped",
      signal: interrupts.hard,
      onOutcome: (outcome) => {
        if (outcome.kind !== "failed" || failures.length >= maxFailuresShown) return;
        failures.push(reportedFailure(outcome));
      },
      observer: (event) => noteEvent(terminal, event),
    });
    if (interrupts.wasInterrupted()) run.drain();
    const report = await showProgressUntilDone(run, terminal, { unit: "images", count: (stop) => countInputs(request, stop) });
    if (tally.skippedLines !== null) terminal.note(tally.skippedLines);
    if (report.read === 0 && report.error !== undefined) throw report.error;
    const document = ingestDocument(report, {
      collection: options.collection,
      failures,
      leftOut: tally.leftOut,
      deadLetters: report.deadLetters > 0 ? run.deadLetterPath : null,
      failedEarlier: report.failedEarlier,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    });
    const code = exitCodeOfRun(report, interrupts.wasInterrupted());
    terminal.summary({ ...document, ...runErrorDocument(report) }, summaryText(document, adviceLines(report, rerunAdvice)), code);
    return code;
  } finally {
    interrupts.dispose();
  }
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("Expected a whole number of at least 1.");
  return value;
}
