/** `headrace refresh-metadata`: gives stored rows what the files of their images say. */
import type { Command } from "commander";
import type { RefreshMetadataRequest } from "../../../app/index.js";
import { type CommonOptions, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { runMove } from "../../calls/moves.js";
import { type CollectionChoice, namedCollection, withCollectionOption } from "../../calls/named-collection.js";
import { namingOf } from "../../calls/naming.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { counted } from "../../terminal/printable-text.js";
import { rerunAdvice } from "../../terminal/resume-advice.js";

interface RefreshOptions extends CommonOptions, CollectionChoice {
  readonly filter?: string;
  readonly base?: string;
  readonly as?: string;
  readonly dryRun?: boolean;
}

export function refreshMetadataCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCollectionOption(withWriterOptions(program.command("refresh-metadata")))
    .description("read the files of stored images again, and write when, where and with what they were taken into their rows")
    .argument("[name]", "the collection")
    .option("--filter <expression>", "only rows that match")
    .option("--base <folder>", "with --as: the folder where files ingested with --base and --as are now")
    .option("--as <name>", "with --base: the name that replaces the folder")
    .option("--dry-run", "read the images and count the changes, but write nothing")
    .action(async (name: string | undefined, options: RefreshOptions) => exit(await runRefresh(name, options)));
}

async function runRefresh(name: string | undefined, options: RefreshOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  return withPipeline(options, async (pipeline) => {
    const collection = namedCollection(name, options) ?? pipeline.defaultCollection;
    const request: RefreshMetadataRequest = {
      collectionName: collection,
      ...(options.filter === undefined ? {} : { filter: options.filter }),
      ...namingOf("refresh-metadata", options),
    };
    if (options.dryRun === true) {
      const preview = await pipeline.refreshMetadata(request).preview();
      const text = `${counted(preview.rows, "row")} in ${collection}: the metadata of ${preview.changes} would change, and ${counted(preview.failed, "image")} cannot be read. Nothing was written.\n`;
      terminal.result({ dryRun: true, collection, ...preview }, text);
      return exitCodes.ok;
    }
    return runMove(
      terminal,
      (hooks) => pipeline.refreshMetadata({ ...request, ...hooks }).start(),
      () => ({ from: collection, to: collection }),
      rerunAdvice,
    );
  });
}
