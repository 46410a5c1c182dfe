/** `headrace work`: stores the images of shards from a queue, together with other workers. */
import type { Command } from "commander";
import { ingestDocument } from "../../../app/index.js";
import { type CommonOptions, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { runIngestion } from "../../calls/ingestions.js";
import { type QueueOptions, seconds, withQueue, withQueueOption } from "../../calls/queues.js";
import { summaryText } from "../../reports/summary.js";
import type { ExitCode } from "../../terminal/exit.js";

interface WorkOptions extends CommonOptions, QueueOptions {
  readonly collection?: string;
  readonly wait?: boolean;
  readonly drainTimeout: number;
}

export function workCommand(program: Command, exit: (code: ExitCode) => void): void {
  withQueueOption(withCommonOptions(program.command("work")))
    .description("take shards from a queue and store their images, beside any number of other workers")
    .option("--collection <name>", "the collection to work on (default: the only one in the queue)")
    .option("--wait", "when everything is done, wait for more shards instead of ending")
    .option("--lease <seconds>", "a worker that says nothing for this time has died: its shards go to others", seconds, 30)
    .option("--drain-timeout <seconds>", "after SIGTERM or Ctrl-C: time to finish the images that were read", seconds, 25)
    .action(async (options: WorkOptions) => exit(await runWork(options)));
}

function runWork(options: WorkOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  return withQueue(terminal, options, options.collection ?? null, (queue, collection) =>
    withPipeline(options, (pipeline) =>
      runIngestion(terminal, {
        start: (hooks, soft) =>
          pipeline.fleet.work(queue, {
            collectionName: collection,
            whenDone: options.wait === true ? "wait" : "end",
            drainTimeoutMs: options.drainTimeout * 1000,
            stop: soft,
            ...hooks,
          }),
        count: async () => null,
        show: (report, context, ending) => {
          const document = ingestDocument(report, { ...context, collection, leftOut: {} });
          return { document, text: summaryText(document, ending) };
        },
      }),
    ),
  );
}
