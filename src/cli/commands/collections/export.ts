/** `headrace export`: writes a collection to a file that other programs read. */
import { type Command, Option } from "commander";
import { addressForms, type FileFormat, fileFormats, parseAddress } from "../../../app/index.js";
import { positive } from "../../calls/arguments.js";
import { type CommonOptions, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { runMove } from "../../calls/moves.js";
import { type CollectionChoice, requiredCollection, withCollectionOption } from "../../calls/named-collection.js";
import { namingOf } from "../../calls/naming.js";
import type { ExitCode } from "../../terminal/exit.js";

interface ExportOptions extends CommonOptions, CollectionChoice {
  readonly output: string;
  readonly format?: FileFormat;
  readonly for?: "webdataset" | "embedding-atlas";
  readonly filter?: string;
  readonly base?: string;
  readonly as?: string;
  readonly limit?: number;
}

export function exportCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCollectionOption(withCommonOptions(program.command("export")))
    .description("write a collection and its passport to a Parquet file, or to a .npy file with a JSON Lines file beside it")
    .argument("[name]", `collection: one of ${addressForms}`)
    .requiredOption("--output <path>", "a file that ends with .parquet or .npy, or a folder (for webdataset: a new one)")
    .addOption(new Option("--format <format>", "format of the file when --output is a folder (default: parquet)").choices([...fileFormats]))
    .addOption(
      new Option("--for <tool>", "write images with metadata and vectors for another program")
        .choices(["webdataset", "embedding-atlas"])
        .conflicts("format"),
    )
    .option("--filter <expression>", "only rows that match")
    .option("--base <folder>", "with --for and --as: the folder where files ingested with --base and --as are now")
    .option("--as <name>", "with --for and --base: the name that replaces the folder")
    .option("--limit <n>", "only the first n rows", positive)
    .action(async (name: string | undefined, options: ExportOptions) => exit(await runExport(requiredCollection(name, options), options)));
}

function runExport(name: string, options: ExportOptions): Promise<ExitCode> {
  const { output, limit, filter } = options;
  const format = options.for ?? options.format;
  const request = {
    from: parseAddress(name),
    output,
    ...(format === undefined ? {} : { format }),
    ...(filter === undefined ? {} : { filter }),
    ...namingOf("export", options),
    ...(limit === undefined ? {} : { limit }),
  };
  return withPipeline(options, (pipeline) =>
    runMove(
      terminalOf(options),
      (hooks) => pipeline.exportCollection({ ...request, ...hooks }),
      ({ path }) => ({ from: name, to: path }),
      "No file was written: run the same command again.",
    ),
  );
}
