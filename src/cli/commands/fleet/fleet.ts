/** `headrace fleet`: shows how far the work in a queue is, and pauses, resumes, cancels or prunes it. */
import { setTimeout as delay } from "node:timers/promises";
import { Argument, type Command } from "commander";
import { type FleetDocument, fleetDocument } from "../../../app/index.js";
import type { WorkQueue } from "../../../contracts/index.js";
import { type CommonOptions, terminalOf, withCommonOptions } from "../../calls/context.js";
import { type QueueOptions, withQueue, withQueueOption } from "../../calls/queues.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { watchInterrupts } from "../../terminal/interrupts.js";
import { counted } from "../../terminal/printable-text.js";
import type { Terminal } from "../../terminal/terminal.js";

interface FleetOptions extends CommonOptions, QueueOptions {
  readonly collection?: string;
  readonly watch?: boolean;
}

const actions = ["status", "pause", "resume", "cancel", "prune"] as const;
type Action = (typeof actions)[number];

export function fleetCommand(program: Command, exit: (code: ExitCode) => void): void {
  withQueueOption(withCommonOptions(program.command("fleet")))
    .description("show how far the workers of a queue are; pause, resume or cancel their work, or forget shards that are done")
    .addArgument(new Argument("[action]", "what to do").choices(actions).default("status"))
    .option("--collection <name>", "the collection of the work (default: the only one in the queue)")
    .option("--watch", "show the state until the work has ended: live on a terminal, else every 30 seconds")
    .action(async (action: Action, options: FleetOptions) => exit(await runFleet(action, options)));
}

const watchEveryMs = 2_000;
/** Where the output is not a terminal, for example in a log. */
const logEveryMs = 30_000;

function runFleet(action: Action, options: FleetOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  return withQueue(terminal, options, options.collection ?? null, async (queue, collection) => {
    switch (action) {
      case "status":
        return options.watch === true ? watch(terminal, queue, collection) : show(terminal, await stateOf(queue, collection));
      case "pause":
        await queue.pause();
        return say(terminal, collection, { paused: true }, "Paused. Workers finish the shards that they have.");
      case "resume":
        await queue.resume();
        return say(terminal, collection, { paused: false }, "Resumed.");
      case "cancel":
        await queue.cancel();
        return say(terminal, collection, { cancelled: true }, "Cancelled. Workers end; what is stored stays.");
      case "prune": {
        const pruned = await queue.prune();
        return say(
          terminal,
          collection,
          { pruned },
          `Forgot ${counted(pruned, "shard")} that were done. Distributed again, they are looked at again.`,
        );
      }
      default:
        return action satisfies never;
    }
  });
}

async function watch(terminal: Terminal, queue: WorkQueue, collection: string): Promise<ExitCode> {
  const soft = new AbortController();
  const interrupts = watchInterrupts(terminal, () => soft.abort(), "watch");
  let loggedAt = Number.NEGATIVE_INFINITY;
  try {
    for (;;) {
      const found = await stateOf(queue, collection);
      const hasEnded = found.state === "done" || found.state === "failed";
      if (hasEnded) return show(terminal, found);
      if (soft.signal.aborted) return exitCodes.interrupted;
      if (terminal.isLive) terminal.lines(textOf(found).trimEnd().split("\n"));
      else if (performance.now() - loggedAt >= logEveryMs) {
        terminal.note(textOf(found).trimEnd());
        loggedAt = performance.now();
      }
      await delay(watchEveryMs, undefined, { signal: soft.signal }).catch(() => undefined);
    }
  } finally {
    interrupts.dispose();
  }
}

async function stateOf(queue: WorkQueue, collection: string): Promise<FleetDocument> {
  return fleetDocument(collection, await queue.status(), Date.now());
}

function show(terminal: Terminal, document: FleetDocument): ExitCode {
  terminal.result(document, textOf(document));
  return document.failed > 0 || document.deadLetters > 0 ? exitCodes.someFailed : exitCodes.ok;
}

function say(terminal: Terminal, collection: string, what: object, text: string): ExitCode {
  terminal.result({ collection, ...what }, `${collection}: ${text}\n`);
  return exitCodes.ok;
}

function textOf(document: FleetDocument): string {
  const { collection, state, waiting, active, done, failed, images, imagesPerSecond, deadLetters, upkeep, workers, failures, verdict } =
    document;
  const number = (value: number) => value.toLocaleString("en-US");
  const lines = [
    `${collection}: ${state}. Shards: ${number(waiting)} waiting, ${number(active)} active, ${number(done)} done, ${number(failed)} failed`,
    `  images of the shards that are done: ${number(images.read)} = ${number(images.stored)} stored + ${number(images.skipped)} skipped + ${number(images.failed)} failed`,
    `  ${number(imagesPerSecond)} images/s, upkeep: ${upkeep}. ${verdict}`,
    ...(deadLetters > 0 ? [`  ${counted(deadLetters, "image")} failed: headrace retry ${collection} --queue …`] : []),
    ...failures.map(({ id, message }) => `  failed ${id}: ${message}`),
    ...workers.map(
      (worker) =>
        `  ${worker.host}:${worker.pid} ${worker.state === "silent" ? `silent for ${worker.seenSecondsAgo} s` : worker.state}, ` +
        `${number(worker.stored)} stored, ${number(worker.imagesPerSecond)} images/s. ${worker.verdict}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}
