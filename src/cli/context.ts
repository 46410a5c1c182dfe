/** What every command has: configuration, output, and a pipeline that is closed at its end. */
import { access } from "node:fs/promises";
import { type Command, Option } from "commander";
import { ImageEmbeddingPipeline, ServiceConfig } from "../app/index.js";
import { Terminal } from "./terminal.js";

export interface CommonOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const defaultFile = "headrace.yaml";

/** Adds the flags that every command takes. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--config <file>", `configuration file (default: ./${defaultFile} if it is there)`)
    .addOption(new Option("--set <key.path=value>", "one setting over the file's, repeatable").argParser(collect))
    .option("--json", "one JSON document on stdout, nothing else")
    .option("--quiet", "results and errors only; nothing of a run in which all went well");
}

/** Without it, the pipeline's default collection is meant. */
export function collectionOption(): Option {
  return new Option("--collection <name>", "collection (default: milvus.collection_name, else images)");
}

export function terminalOf(options: CommonOptions): Terminal {
  return new Terminal(options);
}

/** Defaults < file < environment < flags. Settings without effect are noted. */
export async function configOf(options: CommonOptions): Promise<ServiceConfig> {
  const file = options.config ?? ((await isThere(defaultFile)) ? defaultFile : undefined);
  const config = await ServiceConfig.load({
    environment: process.env,
    flags: options.set ?? [],
    ...(file === undefined ? {} : { file }),
  });
  for (const notice of config.notices) terminalOf(options).note(notice);
  return config;
}

/** Opens a pipeline whose parts open when they are needed, and closes it whatever happens. */
export async function withPipeline<T>(options: CommonOptions, use: (pipeline: ImageEmbeddingPipeline) => Promise<T>): Promise<T> {
  const pipeline = await ImageEmbeddingPipeline.open(await configOf(options), { parts: "lazy" });
  try {
    return await use(pipeline);
  } finally {
    await pipeline.close();
  }
}

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
