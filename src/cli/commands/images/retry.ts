/** `headrace retry`: tries images again that failed in earlier runs. */
import { type Command, InvalidArgumentError } from "commander";
import { type ImageEmbeddingPipeline, type RetryPreview, type RetryRequest, retryDocument } from "../../../app/index.js";
import { type ErrorCode, errorCodes, HeadraceError } from "../../../contracts/index.js";
import { positive } from "../../calls/arguments.js";
import { type CommonOptions, collect, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { maxFailuresOption, runIngestion, withMaxFailures } from "../../calls/ingestions.js";
import { type CollectionChoice, namedCollection, withCollectionOption } from "../../calls/named-collection.js";
import { type QueueOptions, withQueue, withQueueOption } from "../../calls/queues.js";
import { summaryText } from "../../reports/summary.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { counted } from "../../terminal/printable-text.js";

interface RetryOptions extends CommonOptions, CollectionChoice, QueueOptions {
  readonly code?: readonly string[];
  readonly limit?: number;
  readonly maxFailures?: string;
  readonly dryRun?: boolean;
}

export function retryCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCollectionOption(withQueueOption(withWriterOptions(program.command("retry"))))
    .description(
      "try images again that failed in earlier runs; images that are then stored leave the dead-letter file; with --queue, workers try them",
    )
    .argument("[collection]", "name of the collection (default: milvus.collection_name, else images)")
    .option("--code <code>", "only images that failed with this error code; can be repeated", collectCode)
    .option("--limit <n>", "only the first n images", positive)
    .addOption(maxFailuresOption())
    .option("--dry-run", "count, but try nothing")
    .action(async (collection: string | undefined, options: RetryOptions) =>
      exit(await runRetry(namedCollection(collection, options), options)),
    );
}

function runRetry(name: string | undefined, options: RetryOptions): Promise<ExitCode> {
  const { code, limit } = options;
  if (options.queue !== undefined) return retryInFleet(name ?? null, options);
  return withPipeline(withMaxFailures(options), (pipeline) => {
    const collection = name ?? pipeline.defaultCollection;
    const request = {
      collectionName: collection,
      ...(code === undefined ? {} : { codes: code as readonly ErrorCode[] }),
      ...(limit === undefined ? {} : { limit }),
    };
    return options.dryRun === true ? showPreview(pipeline, collection, request, options) : retry(pipeline, collection, request, options);
  });
}

async function showPreview(
  pipeline: ImageEmbeddingPipeline,
  collection: string,
  request: RetryRequest,
  options: RetryOptions,
): Promise<ExitCode> {
  const preview = await pipeline.previewRetry(request);
  terminalOf(options).result({ dryRun: true, collection, ...preview }, previewText(collection, preview));
  return exitCodes.ok;
}

function retry(pipeline: ImageEmbeddingPipeline, collection: string, request: RetryRequest, options: RetryOptions): Promise<ExitCode> {
  return runIngestion(terminalOf(options), {
    start: (hooks) => pipeline.retryFailures({ ...request, ...hooks }),
    count: async () => {
      const { wouldTry, wouldList } = await pipeline.previewRetry(request);
      return wouldList === 0 ? wouldTry : null;
    },
    show: (report, context, ending) => {
      const document = retryDocument(report, { ...context, collection });
      return { document, text: summaryText(document, [...notTriedLines(report), ...ending], "tried again") };
    },
  });
}

/** Puts the images into new shards. Workers try them. */
function retryInFleet(name: string | null, options: RetryOptions): Promise<ExitCode> {
  const { code, limit, dryRun, maxFailures } = options;
  if (dryRun === true || maxFailures !== undefined) {
    throw new HeadraceError("usage_invalid", "retry: expected --queue without --dry-run and --max-failures, found both", {
      hint: "`headrace fleet` shows how many images have failed. Workers have their own limits.",
    });
  }
  const terminal = terminalOf(options);
  return withQueue(terminal, options, name, (queue, collection) =>
    withPipeline(options, async (pipeline) => {
      const request = {
        ...(code === undefined ? {} : { codes: code as readonly ErrorCode[] }),
        ...(limit === undefined ? {} : { limit }),
      };
      const retried = await pipeline.fleet.retry(queue, request);
      const { tried, shards } = retried;
      const text = `${counted(tried, "image")} and ${counted(shards, "shard")} of ${collection} are in the queue again, for its workers.`;
      terminal.result({ collection, ...retried }, `${[text, ...notTriedLines(retried)].join("\n  ")}\n`);
      return exitCodes.ok;
    }),
  );
}

function previewText(collection: string, preview: RetryPreview): string {
  const { wouldTry, codes } = preview;
  const byCount = Object.entries(codes).sort(([, a], [, b]) => b - a);
  const lines = [
    `${counted(wouldTry, "image")} of ${collection} would be tried again. Nothing was written.`,
    ...[...byCount.map(([code, count]) => `${code}: ${count.toLocaleString("en-US")}`), ...notTriedLines(preview)].map(
      (line) => `  ${line}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function notTriedLines({ notTried }: Pick<RetryPreview, "notTried">): readonly string[] {
  if (notTried === 0) return [];
  return [`not tried: ${counted(notTried, "image")} that only the program or the manifest that named them can give again`];
}

function collectCode(code: string, previous: readonly string[] | undefined): readonly string[] {
  if (code in errorCodes) return collect(code, previous);
  throw new InvalidArgumentError("It must be an error code such as source_unreadable. docs/reference/errors.md lists all codes.");
}
