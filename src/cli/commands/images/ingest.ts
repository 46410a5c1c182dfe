/** `headrace ingest`: embeds images and stores them in a collection. */

import { type Command, Option } from "commander";
import {
  countInputs,
  expectedImages,
  type ImageEmbeddingPipeline,
  ingestDocument,
  type LabelChoice,
  type ListingRequest,
  ListingTally,
  listInputs,
} from "../../../app/index.js";
import { listed, positive } from "../../calls/arguments.js";
import { type CommonOptions, collectionOption, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { maxFailuresOption, runIngestion, withMaxFailures } from "../../calls/ingestions.js";
import { checkLists, columnsOf, namingOf } from "../../calls/named-sources.js";
import { previewText, summaryText } from "../../reports/summary.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

interface IngestOptions extends CommonOptions {
  readonly collection?: string;
  readonly pipeline: "async" | "sync";
  readonly manifest?: string;
  readonly filesFrom?: string;
  readonly null?: boolean;
  readonly onBadLine: "fail" | "skip";
  readonly imageColumn?: string;
  readonly idColumn?: string;
  readonly metadataColumns?: readonly string[];
  readonly base?: string;
  readonly as?: string;
  readonly limit?: number;
  readonly labels?: LabelChoice;
  readonly maxFailures?: string;
  readonly dryRun?: boolean;
}

type NamedOptions = IngestOptions & { readonly collection: string };

/** Which images to list, and the counts of files and manifest lines that the listing leaves out. */
interface Listed {
  readonly request: ListingRequest;
  readonly tally: ListingTally;
}

export function ingestCommand(program: Command, exit: (code: ExitCode) => void): void {
  withWriterOptions(program.command("ingest"))
    .description("embed images and store them: files, folders and globs become rows of a collection")
    .argument("[inputs...]", "files, folders, globs, URLs; - and pipes: a list of these, one per line, or JSON lines as in a manifest")
    .addOption(collectionOption())
    .addOption(
      new Option("--pipeline <schedule>", "async: all stages at once; sync: one batch after the other")
        .choices(["async", "sync"])
        .default("async"),
    )
    .option("--manifest <file>", 'JSON lines: {"input": path, "id"?, "metadata"?}; - for stdin')
    .option("--files-from <file>", "more inputs, one per line; - for stdin")
    .option("-0, --null", "inputs in lists end with NUL, as find -print0 writes them, not with a line feed")
    .addOption(
      new Option("--on-bad-line <what>", "whether a bad line of a manifest or a table counts as a failed or as a skipped image")
        .choices(["fail", "skip"])
        .default("fail"),
    )
    .option("--image-column <name>", "the column of a table with the path, URL or bytes of the image (default: by its name, such as url)")
    .option("--id-column <name>", "the column of a table with the id (default: id or image_id, else the id is derived from the image)")
    .option("--metadata-columns <names>", "the columns of a table that become metadata, separated by commas (default: all others)", listed)
    .option("--base <folder>", "with --as: name files by their path below this folder")
    .option("--as <name>", "with --base: the name that replaces the folder")
    .option("--limit <n>", "only the first n images", positive)
    .option(
      "--labels <what>",
      "write the best labels into the metadata: a number of the model's labels, such as 3, or a list: cat,dog,bird",
      labelChoice,
    )
    .addOption(maxFailuresOption())
    .option("--dry-run", "list and compare, but write nothing")
    .action(async (paths: string[], options: IngestOptions) => exit(await runIngest(paths, options)));
}

async function runIngest(paths: readonly string[], options: IngestOptions): Promise<ExitCode> {
  const inputs = listedOf(paths, options);
  return withPipeline(withMaxFailures(options), (pipeline) => {
    const named = { ...options, collection: options.collection ?? pipeline.defaultCollection };
    return options.dryRun ? showPreview(pipeline, inputs, named) : ingest(pipeline, inputs, named);
  });
}

function listedOf(paths: readonly string[], options: IngestOptions): Listed {
  const { manifest, filesFrom, limit, onBadLine } = options;
  const separator = options.null === true ? ("null" as const) : ("newline" as const);
  checkLists("ingest", paths, options);
  const naming = namingOf("ingest", options);
  const tally = new ListingTally();
  const request = {
    paths,
    separator,
    columns: columnsOf(options),
    badLines: onBadLine,
    stdin: () => process.stdin,
    onLeftOut: tally.onLeftOut,
    onLeftOutColumn: tally.onLeftOutColumn,
    onSkippedLine: tally.onSkippedLine,
    ...(manifest === undefined ? {} : { manifest }),
    ...(filesFrom === undefined ? {} : { filesFrom }),
    ...(naming === undefined ? {} : { naming }),
    ...(limit === undefined ? {} : { limit }),
  };
  return { request, tally };
}

async function showPreview(pipeline: ImageEmbeddingPipeline, { request, tally }: Listed, options: NamedOptions): Promise<ExitCode> {
  const found = await pipeline.preview(listInputs({ ...pipeline.listingSettings, ...request }), options.collection);
  const { leftOut, leftOutColumns } = tally;
  const document = { dryRun: true, collection: options.collection, ...found, leftOut, leftOutColumns };
  terminalOf(options).result(document, previewText(found, tally));
  return exitCodes.ok;
}

function ingest(pipeline: ImageEmbeddingPipeline, { request, tally }: Listed, options: NamedOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  return runIngestion(terminal, {
    start: async (hooks) =>
      pipeline.ingest({
        inputs: listInputs({ ...pipeline.listingSettings, ...request }),
        collectionName: options.collection,
        expects: await expectedImages(request),
        schedule: options.pipeline === "sync" ? "sequential" : "overlapped",
        ...(options.labels === undefined ? {} : { labels: options.labels }),
        ...hooks,
      }),
    count: (stop) => countInputs(request, stop),
    show: (report, context, ending) => {
      if (tally.skippedLines !== null) terminal.note(tally.skippedLines);
      const { leftOut, leftOutColumns } = tally;
      const document = ingestDocument(report, { ...context, collection: options.collection, leftOut, leftOutColumns });
      return { document, text: summaryText(document, ending) };
    },
  });
}

/** Number of labels per image, if a list of labels is given. */
const usualLabels = 3;

function labelChoice(text: string): LabelChoice {
  if (/^\d+$/.test(text)) return { count: positive(text), texts: null };
  const texts = listed(text).map((label) => label.trim());
  return { count: Math.min(usualLabels, texts.length), texts };
}
