/** What all commands share: configuration, output, and a pipeline that is closed when the command ends. */
import { access } from "node:fs/promises";
import { type Command, Option } from "commander";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../app/index.js";
import { fetchProgress } from "../terminal/fetch-progress.js";
import { Terminal } from "../terminal/terminal.js";

export interface CommonOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** False with `--no-keep`, on commands that delete. */
  readonly keep?: boolean;
  readonly wait?: boolean;
}

export const defaultFile = "headrace.yaml";

/** Adds the flags that every command takes. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--config <file>", `configuration file (default: ./${defaultFile} if it exists)`)
    .addOption(new Option("--set <key.path=value>", "override one setting; can be repeated").argParser(collect))
    .option("--json", "print one JSON document on stdout and nothing else")
    .option("--quiet", "print only results and errors, and nothing for a successful run");
}

/** Adds the flags of commands that write to a collection. */
export function withWriterOptions(command: Command): Command {
  return withCommonOptions(command).option(
    "--wait",
    "if another process writes to the collection, wait for it instead of ending with lock_held",
  );
}

/** The option `--collection`. Default: the default collection of the pipeline. */
export function collectionOption(): Option {
  return new Option("--collection <name>", "name of the collection (default: milvus.collection_name, else images)");
}

/** The option `--no-keep` of commands that delete rows. */
export function noKeepOption(): Option {
  return new Option("--no-keep", "delete for good: do not write the rows to a file for `headrace restore`");
}

export function terminalOf(options: CommonOptions): Terminal {
  return new Terminal(options);
}

/**
 * Loads the settings. Flags override the environment, which overrides the file. Prints a note for each given setting that has no effect.
 */
export async function configOf(options: CommonOptions): Promise<ServiceConfig> {
  const file = options.config ?? ((await exists(defaultFile)) ? defaultFile : undefined);
  const config = await ServiceConfig.load({
    environment: process.env,
    flags: [...(options.set ?? []), ...(options.keep === false ? ["deleted.keep=false"] : [])],
    ...(file === undefined ? {} : { file }),
  });
  for (const notice of config.notices) terminalOf(options).note(notice);
  return config;
}

/** Opens a pipeline for `use`, and always closes it. The embedder and the store are opened when they are first needed. */
export async function withPipeline<T>(options: CommonOptions, use: (pipeline: ImageEmbeddingPipeline) => Promise<T>): Promise<T> {
  const terminal = terminalOf(options);
  const pipeline = await ImageEmbeddingPipeline.open(await configOf(options), {
    parts: "lazy",
    onModelFetch: fetchProgress(terminal),
    ...(options.wait === true ? { onLockHeld: (message) => terminal.note(message) } : {}),
  });
  try {
    return await use(pipeline);
  } finally {
    await pipeline.close();
  }
}

/** Parses an option that can be repeated into a list. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
