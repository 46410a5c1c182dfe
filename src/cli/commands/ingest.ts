/** `headrace ingest`: images into a collection. */
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type ImageEmbeddingPipeline,
  type IngestRun,
  type InputStream,
  ingestDocument,
  listInputs,
  type ReportedFailure,
  reportedFailure,
} from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { type CommonOptions, collectionOption, terminalOf, withCommonOptions, withPipeline } from "../context.js";
import { type ExitCode, errorDocument, exitCodeOfRun, exitCodes } from "../exit.js";
import { goingOn, rerunGoesOn } from "../going-on.js";
import { watchInterrupts } from "../interrupts.js";
import { counted } from "../shown.js";
import { summaryText } from "../summary.js";
import { noteEvent, watched } from "../watched.js";

interface IngestOptions extends CommonOptions {
  readonly collection?: string;
  readonly pipeline: "async" | "sync";
  readonly manifest?: string;
  readonly base?: string;
  readonly as?: string;
  readonly limit?: number;
  readonly dryRun?: boolean;
}

type NamedOptions = IngestOptions & { readonly collection: string };

/** Failures kept for the summary; all of them are in the dead-letter file. */
const maxFailuresShown = 1_000;

export function ingestCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("ingest"))
    .description("index images: files, folders and globs become rows of a collection")
    .argument("[inputs...]", "files, folders, globs")
    .addOption(collectionOption())
    .addOption(
      new Option("--pipeline <schedule>", "all stages at once, or one batch after the other").choices(["async", "sync"]).default("async"),
    )
    .option("--manifest <file>", 'JSON lines: {"input": path or URL, "id"?, "metadata"?}')
    .option("--base <folder>", "with --as: name files by their path below this folder")
    .option("--as <name>", "with --base: the name that stands for the folder")
    .option("--limit <n>", "the first n images only", positive)
    .option("--dry-run", "list and compare, write nothing")
    .action(async (paths: string[], options: IngestOptions) => exit(await runIngest(paths, options)));
}

async function runIngest(paths: readonly string[], options: IngestOptions): Promise<ExitCode> {
  const inputs = inputsOf(paths, options);
  return withPipeline(options, (pipeline) => {
    const named = { ...options, collection: options.collection ?? pipeline.defaultCollection };
    return options.dryRun ? showPreview(pipeline, inputs, named) : ingest(pipeline, inputs, named);
  });
}

function inputsOf(paths: readonly string[], { manifest, base, as, limit }: IngestOptions): InputStream {
  if (paths.length === 0 && manifest === undefined) {
    throw new HeadraceError("usage_invalid", "Expected at least one file, folder or glob, or --manifest.", {
      hint: "For example: headrace ingest ./photos",
    });
  }
  if ((base === undefined) !== (as === undefined)) {
    throw new HeadraceError("usage_invalid", "--base and --as go together.", { hint: "For example: --base /mnt/photos --as photos" });
  }
  return listInputs({
    paths,
    ...(manifest === undefined ? {} : { manifest }),
    ...(base === undefined || as === undefined ? {} : { naming: { base, as } }),
    ...(limit === undefined ? {} : { limit }),
  });
}

async function showPreview(pipeline: ImageEmbeddingPipeline, inputs: InputStream, options: NamedOptions): Promise<ExitCode> {
  const found = await pipeline.preview(inputs, options.collection);
  terminalOf(options).result(
    { dryRun: true, collection: options.collection, ...found },
    `${counted(found.listed, "image")} listed: ${found.known} are stored already, ${found.fresh} would be read. Nothing was written.\n`,
  );
  return exitCodes.ok;
}

async function ingest(pipeline: ImageEmbeddingPipeline, inputs: InputStream, options: NamedOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  const failures: ReportedFailure[] = [];
  let run: IngestRun | undefined;
  const interrupts = watchInterrupts(terminal, () => run?.drain());
  try {
    run = await pipeline.ingest({
      inputs,
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
    const report = await watched(run, terminal, { unit: "images", count: (stop) => countInputs(inputs, stop) });
    if (report.read === 0 && report.error !== undefined) throw report.error;
    const document = ingestDocument(report, {
      collection: options.collection,
      failures,
      deadLetters: report.deadLetters > 0 ? run.deadLetterPath : null,
      failedEarlier: report.failedEarlier,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    });
    const failed = report.error === undefined ? {} : errorDocument(report.error);
    const code = exitCodeOfRun(report, interrupts.wasInterrupted());
    terminal.summary({ ...document, ...failed }, summaryText(document, goingOn(report, rerunGoesOn)), code);
    return code;
  } finally {
    interrupts.dispose();
  }
}

/** Null when it was stopped before the end, or the inputs cannot be listed: the run itself says why. */
async function countInputs(inputs: InputStream, stop: AbortSignal): Promise<number | null> {
  let count = 0;
  try {
    for await (const _ of inputs(stop)) {
      if (stop.aborted) return null;
      count += 1;
    }
  } catch (error) {
    if (HeadraceError.is(error)) return null;
    throw error;
  }
  return count;
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("Expected a whole number of at least 1.");
  return value;
}
