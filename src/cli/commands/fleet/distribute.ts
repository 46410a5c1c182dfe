/** `headrace distribute`: puts images into a queue, from which any number of workers store them. */
import { type Command, Option } from "commander";
import {
  type DistributionCounts,
  defaultShardItems,
  type ImageEmbeddingPipeline,
  type ListedSources,
  type ShardListing,
} from "../../../app/index.js";
import { listed, positive } from "../../calls/arguments.js";
import { type CommonOptions, collectionOption, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { checkLists, columnsOf, namingOf } from "../../calls/named-sources.js";
import { type QueueOptions, withQueue, withQueueOption } from "../../calls/queues.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { watchInterrupts } from "../../terminal/interrupts.js";
import { counted } from "../../terminal/printable-text.js";
import type { Terminal } from "../../terminal/terminal.js";

interface DistributeOptions extends CommonOptions, QueueOptions {
  readonly collection?: string;
  readonly shardSize: number;
  readonly manifest?: string;
  readonly filesFrom?: string;
  readonly null?: boolean;
  readonly onBadLine: "fail" | "skip";
  readonly imageColumn?: string;
  readonly idColumn?: string;
  readonly metadataColumns?: readonly string[];
  readonly base?: string;
  readonly as?: string;
  readonly dryRun?: boolean;
}

export function distributeCommand(program: Command, exit: (code: ExitCode) => void): void {
  withQueueOption(withCommonOptions(program.command("distribute")))
    .description("cut a source into shards and put them into a queue, for any number of `headrace work` processes")
    .argument(
      "[sources...]",
      "folders, globs, manifests, lists, tables, archives, URLs and buckets that all workers can read; - and pipes: a list of these",
    )
    .addOption(collectionOption())
    .option("--shard-size <n>", "images in a shard", positive, defaultShardItems)
    .option("--manifest <file>", 'JSON lines: {"input": path, "id"?, "metadata"?}; - for stdin. Each image is named in the queue')
    .option("--files-from <file>", "more sources, one per line; - for stdin")
    .option("-0, --null", "sources in lists end with NUL, as find -print0 writes them, not with a line feed")
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
    .option("--dry-run", "count the shards, but add none")
    .action(async (sources: string[], options: DistributeOptions) => exit(await runDistribute(sources, options)));
}

function runDistribute(sources: readonly string[], options: DistributeOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  checkLists("distribute", sources, options);
  return withPipeline(options, async (pipeline) => {
    const collection = options.collection ?? pipeline.defaultCollection;
    const run = (queue: Parameters<ImageEmbeddingPipeline["fleet"]["distribute"]>[0]) =>
      distribute(pipeline, terminal, queue, { sources, collection, options });
    const counts = options.dryRun === true ? await run(null) : await withQueue(terminal, options, collection, run);
    const document = { ...(options.dryRun === true ? { dryRun: true } : {}), collection, queue: collection, ...counts };
    terminal.result(document, textOf(counts, collection, options));
    return exitCodes.ok;
  });
}

async function distribute(
  pipeline: ImageEmbeddingPipeline,
  terminal: Terminal,
  queue: Parameters<ImageEmbeddingPipeline["fleet"]["distribute"]>[0],
  {
    sources,
    collection,
    options,
  }: { readonly sources: readonly string[]; readonly collection: string; readonly options: DistributeOptions },
): Promise<DistributionCounts> {
  const soft = new AbortController();
  const interrupts = watchInterrupts(terminal, () => soft.abort());
  try {
    return await pipeline.fleet.distribute(queue, {
      sources,
      ...listsOf(options),
      collectionName: collection,
      shardItems: options.shardSize,
      listing: listingOf(options),
      signal: soft.signal,
      onProgress: ({ shards, items }) => {
        if (terminal.isLive) terminal.line(`${counted(shards, "shard")}, ${counted(items, "image")}`);
      },
    });
  } finally {
    terminal.clear();
    interrupts.dispose();
  }
}

function listsOf({ manifest, filesFrom, null: isNull }: DistributeOptions): ListedSources {
  return {
    separator: isNull === true ? "null" : "newline",
    stdin: () => process.stdin,
    ...(manifest === undefined ? {} : { manifest }),
    ...(filesFrom === undefined ? {} : { filesFrom }),
  };
}

function listingOf(options: DistributeOptions): ShardListing {
  const columns = columnsOf(options);
  const naming = namingOf("distribute", options);
  return {
    ...(naming === undefined ? {} : { naming }),
    ...(Object.keys(columns).length === 0 ? {} : { columns }),
    ...(options.onBadLine === "skip" ? { badLines: "skip" } : {}),
  };
}

function textOf({ shards, items, added }: DistributionCounts, collection: string, { dryRun }: DistributeOptions): string {
  const all = `${counted(shards, "shard")} with ${counted(items, "image")}`;
  if (dryRun === true) return `${all} would be added for ${collection}. Nothing was written.\n`;
  const known = shards - added;
  return `${all} for ${collection}: ${counted(added, "shard")} added${known > 0 ? `, ${known.toLocaleString("en-US")} were there already` : ""}.\n`;
}
