/** `headrace collection compact` and `headrace collection index`: maintenance that the user requests. */
import type { Command } from "commander";
import type { CompactOptions, ImageEmbeddingPipeline } from "../../../app/index.js";
import type { BuiltIndex } from "../../../contracts/index.js";
import { type CommonOptions, collect, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { watchInterrupts } from "../../terminal/interrupts.js";
import { counted } from "../../terminal/printable-text.js";
import { showUpkeepUntilDone } from "../../terminal/run-progress.js";
import type { Terminal } from "../../terminal/terminal.js";

interface IndexOptions extends CommonOptions {
  readonly on?: readonly string[];
}

export function upkeepCommands(group: Command, exit: (code: ExitCode) => void): void {
  withWriterOptions(group.command("compact"))
    .description("build indexes, merge small files, remove old versions")
    .argument("<name>")
    .action(async (name: string, options: CommonOptions) => exit(await compact(name, options)));
  withWriterOptions(group.command("index"))
    .description("build an index now: on the vectors, or on keys that filters use")
    .argument("<name>")
    .option("--on <key>", "index this metadata key or built-in column for filters; can be repeated (default: the vectors)", collect)
    .action(async (name: string, options: IndexOptions) => exit(await index(name, options)));
}

function compact(name: string, options: CommonOptions): Promise<ExitCode> {
  return maintain(options, async (pipeline, terminal, work) => {
    await pipeline.compactCollection(name, work);
    const { index: type } = await pipeline.collectionStats(name);
    terminal.result({ compacted: name, index: type }, `Compacted ${name}, index ${type}.\n`);
  });
}

function index(name: string, options: IndexOptions): Promise<ExitCode> {
  return maintain(options, async (pipeline, terminal, work) => {
    const startedMs = performance.now();
    const indexes = await pipeline.buildIndexes(name, { ...work, ...(options.on === undefined ? {} : { on: options.on }) });
    const elapsedMs = Math.round(performance.now() - startedMs);
    terminal.result({ collection: name, indexes, elapsedMs }, indexes.map((each) => indexText(name, each)).join(""));
  });
}

/** Runs maintenance with a progress line. Ctrl-C stops it: the error `aborted` then ends the command. */
function maintain(
  options: CommonOptions,
  use: (pipeline: ImageEmbeddingPipeline, terminal: Terminal, work: Required<CompactOptions>) => Promise<void>,
): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    const terminal = terminalOf(options);
    const stop = new AbortController();
    const interrupts = watchInterrupts(terminal, () => stop.abort(), "upkeep");
    try {
      await showUpkeepUntilDone(terminal, (onProgress) => use(pipeline, terminal, { signal: stop.signal, onProgress }));
      return exitCodes.ok;
    } finally {
      interrupts.dispose();
    }
  });
}

function indexText(collection: string, { column, type, outcome, rows }: BuiltIndex): string {
  const all = `${type}, ${counted(rows, "row")}`;
  if (type === "none") return `${collection}: ${column} needs no index: this store compares every row (${all}).\n`;
  if (outcome === "unchanged") return `${collection}: the index on ${column} was complete already (${all}).\n`;
  return `${collection}: ${outcome === "built" ? "built" : "added the new rows to"} the index on ${column} (${all}).\n`;
}
