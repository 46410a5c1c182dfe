/** `headrace reembed`: moves a collection to a new model while programs go on to search it. */
import { constants, setPriority } from "node:os";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type CarryOverRun,
  type ImageEmbeddingPipeline,
  ingestDocument,
  type ReembedRequest,
  type ReembedRun,
} from "../../../app/index.js";
import { HeadraceError } from "../../../contracts/index.js";
import { type DeletionLimit, deletionLimit } from "../../calls/arguments.js";
import { type CommonOptions, noKeepOption, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { runIngestion } from "../../calls/ingestions.js";
import { type CollectionChoice, requiredCollection, withCollectionOption } from "../../calls/named-collection.js";
import { previewText, reembedText, rollbackText } from "../../reports/reembed-summary.js";
import { summaryText } from "../../reports/summary.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { counted } from "../../terminal/printable-text.js";
import { requireYes } from "./collection.js";

interface ReembedOptions extends CommonOptions, CollectionChoice {
  readonly alias?: string;
  readonly fillOnly?: boolean;
  readonly maxMissing?: DeletionLimit;
  readonly minOverlap?: number;
  readonly base?: string;
  readonly as?: string;
  readonly dryRun?: boolean;
  readonly rollback?: boolean;
  readonly carryOver?: boolean;
  readonly finish?: boolean;
  readonly acceptMissing?: number;
  readonly yes?: boolean;
}

export function reembedCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCollectionOption(withWriterOptions(program.command("reembed")))
    .description("embed the images of a collection with the configured model into a new collection, and switch an alias to it")
    .argument("[name]", "an alias; or, with --alias, a collection that has none yet")
    .option("--alias <name>", "give the collection this alias, for its first re-embedding")
    .option("--fill-only", "fill and compare, and leave the switch to a later run of the command")
    .addOption(
      new Option(
        "--max-missing <n>",
        "do not switch if the images of more rows than this are gone; a number or a percentage (default: 0.1%)",
      ).argParser(deletionLimit),
    )
    .addOption(
      new Option("--min-overlap <share>", "do not switch if the models share fewer of the ten nearest neighbours, from 0 to 1").argParser(
        share,
      ),
    )
    .option("--base <folder>", "with --as: the folder where files ingested with --base and --as are now")
    .option("--as <name>", "with --base: the name that replaces the folder")
    .option("--dry-run", "compare, but write nothing")
    .addOption(
      new Option("--rollback", "switch the alias back to the collection of before").conflicts(["finish", "dryRun", "fillOnly", "alias"]),
    )
    .addOption(
      new Option(
        "--carry-over",
        "after --rollback: embed what was inserted since the switch with the configured model, and store it in the live collection too",
      ).conflicts(["rollback", "finish", "dryRun", "fillOnly", "alias", "maxMissing", "minOverlap"]),
    )
    .addOption(new Option("--finish", "drop the collection of before the switch").conflicts(["dryRun", "fillOnly", "alias"]))
    .addOption(noKeepOption())
    .addOption(
      new Option("--accept-missing <n>", "with --finish: drop the collection although the new one lacks this many of its rows").argParser(
        wholeNumber,
      ),
    )
    .option("--yes", "with --finish: confirm")
    .action(async (name: string | undefined, options: ReembedOptions) =>
      exit(await runReembed(requiredCollection(name, options), options)),
    );
}

function runReembed(name: string, options: ReembedOptions): Promise<ExitCode> {
  return withPipeline(options, (pipeline) => {
    if (options.rollback === true) return rollBack(pipeline, name, options);
    if (options.carryOver === true) return carryOver(pipeline, name, options);
    if (options.finish === true) return finish(pipeline, name, options);
    const request = requestOf(name, options);
    return options.dryRun === true ? showPreview(pipeline, request, options) : reembed(pipeline, request, options);
  });
}

function requestOf(name: string, { alias, fillOnly, maxMissing, minOverlap, ...others }: ReembedOptions): ReembedRequest {
  return {
    name,
    switching: fillOnly === true ? "later" : "now",
    ...(alias === undefined ? {} : { alias }),
    ...(maxMissing === undefined ? {} : { maxMissing }),
    ...(minOverlap === undefined ? {} : { minOverlap }),
    ...namingOf(others),
  };
}

function namingOf({ base, as }: Pick<ReembedOptions, "base" | "as">): Pick<ReembedRequest, "naming"> {
  if (base !== undefined && as !== undefined) return { naming: { base: resolve(base), as } };
  if (base === undefined && as === undefined) return {};
  throw new HeadraceError(
    "usage_invalid",
    `reembed: expected --base and --as together, found only ${base === undefined ? "--as" : "--base"}`,
  );
}

function reembed(pipeline: ImageEmbeddingPipeline, request: ReembedRequest, options: ReembedOptions): Promise<ExitCode> {
  // Searches on the same machine go first. The threads that are started later inherit the priority.
  setPriority(constants.priority.PRIORITY_LOW);
  let total = 0;
  return runIngestion(terminalOf(options), {
    start: async (hooks): Promise<ReembedRun> => {
      const run = await pipeline.reembedding.start({ ...request, ...hooks });
      total = run.total;
      return run;
    },
    count: async () => total,
    show: (report, context, ending) => {
      const { alias, from, to, switched, caughtUp, deleted, kept, gate } = report;
      const document = {
        ...ingestDocument(report, { ...context, collection: to, leftOut: {} }),
        ...{ alias, from, to, switched, caughtUp, deleted, kept, gate },
      };
      return { document, text: reembedText(document, ending) };
    },
  });
}

function carryOver(pipeline: ImageEmbeddingPipeline, alias: string, options: ReembedOptions): Promise<ExitCode> {
  let run: CarryOverRun;
  return runIngestion(terminalOf(options), {
    start: async (hooks): Promise<CarryOverRun> => {
      run = await pipeline.reembedding.carryOver({ alias, ...namingOf(options), ...hooks });
      return run;
    },
    count: async () => run.total,
    show: (report, context, ending) => {
      const { from, to } = run;
      const document = { ...ingestDocument(report, { ...context, collection: to, leftOut: {} }), alias, from, to };
      return {
        document,
        text: summaryText(document, [`${alias} names ${to}. The rows are in ${from} as well.`, ...ending], "carried over"),
      };
    },
  });
}

async function showPreview(pipeline: ImageEmbeddingPipeline, request: ReembedRequest, options: ReembedOptions): Promise<ExitCode> {
  const preview = await pipeline.reembedding.preview(request);
  terminalOf(options).result({ dryRun: true, ...preview }, previewText(preview));
  return exitCodes.ok;
}

async function rollBack(pipeline: ImageEmbeddingPipeline, name: string, options: ReembedOptions): Promise<ExitCode> {
  const done = await pipeline.reembedding.rollBack(name);
  terminalOf(options).result(done, rollbackText(done));
  return exitCodes.ok;
}

async function finish(pipeline: ImageEmbeddingPipeline, name: string, options: ReembedOptions): Promise<ExitCode> {
  requireYes(options, `drop ${await pipeline.reembedding.previous(name)}, which ${name} named before its switch`);
  const { acceptMissing } = options;
  const done = await pipeline.reembedding.finish(name, acceptMissing === undefined ? {} : { acceptMissing });
  const { collection, dropped, rows, renamed } = done;
  const names = renamed.length === 0 ? "" : ` These names are aliases of ${collection} now: ${renamed.join(", ")}.`;
  terminalOf(options).result(done, `Dropped ${dropped} (${counted(rows, "row")}).${names}\n`);
  return exitCodes.ok;
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of rows, such as 3.");
}

/** Parses a share from 0 to 1. */
function share(text: string): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value <= 1) return value;
  throw new InvalidArgumentError("It must be a number from 0 to 1, such as 0.3.");
}
