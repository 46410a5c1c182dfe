/** `headrace sync`: makes a collection mirror its source. */
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  countInputs,
  type ImageEmbeddingPipeline,
  ingestDocument,
  type ListingRequest,
  ListingTally,
  type ReportedFailure,
  reportedFailure,
  type SyncRequest,
  type SyncRun,
  type SyncStats,
} from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { type CommonOptions, collectionOption, terminalOf, withCommonOptions, withPipeline } from "../context.js";
import { type ExitCode, exitCodeOf, exitCodeOfRun, exitCodes, runErrorDocument } from "../exit.js";
import { watchInterrupts } from "../interrupts.js";
import { adviceLines, rerunAdvice } from "../resume-advice.js";
import { noteEvent, showProgressUntilDone } from "../run-progress.js";
import { syncPreviewText, syncText } from "../sync-summary.js";
import { UpkeepLine } from "../upkeep-line.js";

interface SyncOptions extends CommonOptions {
  readonly collection?: string;
  readonly manifest?: string;
  readonly prune?: boolean;
  readonly maxDeletions?: NonNullable<SyncRequest["maxDeletions"]>;
  readonly base?: string;
  readonly as?: string;
  readonly dryRun?: boolean;
}

const maxFailuresShown = 1_000;

export function syncCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("sync"))
    .description("make a collection mirror its source: store what is new or changed, and find rows whose image is gone")
    .argument("[sources...]", "folders and globs")
    .addOption(collectionOption())
    .option("--manifest <file>", 'JSON lines: {"input": path, "id"?, "metadata"?}')
    .option("--prune", "delete the rows of images that are gone from these sources")
    .addOption(
      new Option(
        "--max-deletions <n>",
        "with --prune: delete nothing if more rows than this are gone; a number or a percentage (default: 50%)",
      ).argParser(deletionLimit),
    )
    .option("--base <folder>", "with --as: name files by their path below this folder")
    .option("--as <name>", "with --base: the name that replaces the folder")
    .option("--dry-run", "list and compare, but write and delete nothing")
    .action(async (paths: string[], options: SyncOptions) => exit(await runSync(paths, options)));
}

function runSync(paths: readonly string[], options: SyncOptions): Promise<ExitCode> {
  const tally = new ListingTally();
  const source = sourceOf("sync", paths, options, tally);
  return withPipeline(options, (pipeline) => {
    const named = { ...options, collection: options.collection ?? pipeline.defaultCollection };
    return options.dryRun === true ? showPreview(pipeline, source, named) : sync(pipeline, source, tally, named);
  });
}

/** Returns the listing of a source that can be listed again. */
export function sourceOf(
  verb: string,
  paths: readonly string[],
  { manifest, base, as }: Pick<SyncOptions, "manifest" | "base" | "as">,
  tally: ListingTally,
): ListingRequest {
  if (paths.length === 0 && manifest === undefined) {
    throw new HeadraceError("usage_invalid", `${verb}: expected at least one folder or glob, or --manifest, found none`, {
      hint: `For example: headrace ${verb} ./photos`,
    });
  }
  if ((base === undefined) !== (as === undefined)) {
    throw new HeadraceError(
      "usage_invalid",
      `${verb}: expected --base and --as together, found only ${base === undefined ? "--as" : "--base"}`,
      { hint: "For example: --base /mnt/photos --as photos" },
    );
  }
  return {
    paths,
    onLeftOut: tally.onLeftOut,
    ...(manifest === undefined ? {} : { manifest }),
    ...(base === undefined || as === undefined ? {} : { naming: { base, as } }),
  };
}

async function showPreview(
  pipeline: ImageEmbeddingPipeline,
  source: ListingRequest,
  options: SyncOptions & { readonly collection: string },
): Promise<ExitCode> {
  const { collection } = options;
  const preview = await pipeline.previewSync({ source, collectionName: collection });
  terminalOf(options).result({ dryRun: true, collection, ...preview }, syncPreviewText(preview, collection));
  return exitCodes.ok;
}

async function sync(
  pipeline: ImageEmbeddingPipeline,
  source: ListingRequest,
  tally: ListingTally,
  options: SyncOptions & { readonly collection: string },
): Promise<ExitCode> {
  const terminal = terminalOf(options);
  const failures: ReportedFailure[] = [];
  let run: SyncRun | undefined;
  const upkeep = new UpkeepLine();
  const interrupts = watchInterrupts(terminal, () => run?.drain());
  try {
    run = await pipeline.sync({
      source,
      collectionName: options.collection,
      missing: options.prune === true ? "delete" : "keep",
      ...(options.maxDeletions === undefined ? {} : { maxDeletions: options.maxDeletions }),
      signal: interrupts.hard,
      onOutcome: (outcome) => {
        if (outcome.kind === "failed" && failures.length < maxFailuresShown) failures.push(reportedFailure(outcome));
      },
      observer: (event) => noteEvent(terminal, event, upkeep),
    });
    if (interrupts.wasInterrupted()) run.drain();
    const report = await showProgressUntilDone(run, terminal, {
      unit: "images",
      count: (stop) => countInputs(source, stop),
      serverLoad: () => run?.serverLoad() ?? null,
      upkeep,
    });
    if (report.read === 0 && report.error !== undefined) throw report.error;
    const document = {
      ...ingestDocument(report, {
        collection: options.collection,
        failures,
        leftOut: tally.leftOut,
        deadLetters: report.deadLetters > 0 ? run.deadLetterPath : null,
        peakRssBytes: process.resourceUsage().maxRSS * 1024,
      }),
      ...mirrored(report),
    };
    const code = exitCodeOfSync(report, interrupts.wasInterrupted());
    const { error = report.pruneError } = report;
    const text = syncText(document, adviceLines(report, rerunAdvice), report.pruneError ?? null);
    terminal.summary({ ...document, ...runErrorDocument(error === undefined ? report : { ...report, error }) }, text, code);
    return code;
  } finally {
    interrupts.dispose();
  }
}

function mirrored({ new: added, changed, moved, unchanged, missing, pruned }: SyncStats) {
  return { new: added, changed, moved, unchanged, missing, pruned };
}

function exitCodeOfSync(report: SyncStats, wasInterrupted: boolean): ExitCode {
  const code = exitCodeOfRun(report, wasInterrupted);
  const isFine = code === exitCodes.ok || code === exitCodes.someFailed;
  return isFine && report.pruneError !== undefined ? exitCodeOf(report.pruneError) : code;
}

function deletionLimit(text: string): NonNullable<SyncRequest["maxDeletions"]> {
  const [, number, percent] = /^(\d+)(%?)$/.exec(text) ?? [];
  if (number === undefined || (percent === "%" && Number(number) > 100)) {
    throw new InvalidArgumentError("It must be a whole number such as 200, or a percentage such as 10%.");
  }
  return percent === "%" ? { share: Number(number) / 100 } : { rows: Number(number) };
}
