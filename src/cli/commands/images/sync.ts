/** `headrace sync`: makes a collection mirror its source. */

import { type Command, Option } from "commander";
import {
  countInputs,
  type ImageEmbeddingPipeline,
  ingestDocument,
  type ListingRequest,
  ListingTally,
  type SyncRequest,
  type SyncStats,
} from "../../../app/index.js";
import { type DeletionLimit, deletionLimit } from "../../calls/arguments.js";
import { type CommonOptions, collectionOption, noKeepOption, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { runIngestion } from "../../calls/ingestions.js";
import { sourceOf } from "../../calls/named-sources.js";
import { syncPreviewText, syncText } from "../../reports/sync-summary.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

interface SyncOptions extends CommonOptions {
  readonly collection?: string;
  readonly manifest?: string;
  readonly prune?: boolean;
  readonly pruneContainers?: boolean;
  readonly maxDeletions?: DeletionLimit;
  readonly base?: string;
  readonly as?: string;
  readonly dryRun?: boolean;
}

export function syncCommand(program: Command, exit: (code: ExitCode) => void): void {
  withWriterOptions(program.command("sync"))
    .description("make a collection mirror its source: store what is new or changed, and find rows whose image is gone")
    .argument("[sources...]", "folders and globs")
    .addOption(collectionOption())
    .option("--manifest <file>", 'JSON lines: {"input": path, "id"?, "metadata"?}')
    .option("--prune", "delete the rows of images that are proven gone from these sources")
    .option("--prune-containers", "with --prune: also delete the rows of tables and archives that are gone from a folder")
    .addOption(noKeepOption())
    .addOption(
      new Option(
        "--max-deletions <n>",
        "with --prune: delete no row of a source if more than this are gone; a number or a percentage (default: 50%)",
      ).argParser(deletionLimit),
    )
    .option("--base <folder>", "with --as: name files by their path below this folder")
    .option("--as <name>", "with --base: the name that replaces the folder; with --manifest: the name of a list from a pipe")
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

async function showPreview(
  pipeline: ImageEmbeddingPipeline,
  source: ListingRequest,
  options: SyncOptions & { readonly collection: string },
): Promise<ExitCode> {
  const { collection } = options;
  const preview = await pipeline.previewSync({ source, collectionName: collection, ...containersOf(options) });
  terminalOf(options).result({ dryRun: true, collection, ...preview }, syncPreviewText(preview, collection));
  return exitCodes.ok;
}

function sync(
  pipeline: ImageEmbeddingPipeline,
  source: ListingRequest,
  tally: ListingTally,
  options: SyncOptions & { readonly collection: string },
): Promise<ExitCode> {
  const { collection, prune, maxDeletions } = options;
  return runIngestion<SyncStats>(terminalOf(options), {
    start: (hooks) =>
      pipeline.sync({
        source,
        collectionName: collection,
        missing: prune === true ? "delete" : "keep",
        ...(maxDeletions === undefined ? {} : { maxDeletions }),
        ...containersOf(options),
        ...hooks,
      }),
    count: (stop) => countInputs(source, stop),
    show: (report, context, ending) => {
      const document = {
        ...ingestDocument(report, { ...context, collection, leftOut: tally.leftOut, leftOutColumns: tally.leftOutColumns }),
        ...mirrored(report),
      };
      return { document, text: syncText(document, ending, prune === true ? "delete" : "keep") };
    },
  });
}

function containersOf({ pruneContainers }: SyncOptions): Pick<SyncRequest, "goneContainers"> {
  return pruneContainers === true ? { goneContainers: "prune" } : {};
}

function mirrored({ new: added, changed, moved, unchanged, missing, pruned, kept }: SyncStats) {
  return { new: added, changed, moved, unchanged, missing, pruned, kept };
}
