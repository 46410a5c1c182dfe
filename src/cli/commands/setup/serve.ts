/** `headrace serve`: answers HTTP requests until a signal stops it. */
import type { Command } from "commander";
import { ImageEmbeddingPipeline, type ServiceConfig } from "../../../app/index.js";
import type { FetchProgress } from "../../../contracts/index.js";
import { createLog, startServer, warmUp } from "../../../server/index.js";
import { type CommonOptions, configOf, terminalOf, withCommonOptions } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { watchInterrupts } from "../../terminal/interrupts.js";

interface ServeOptions extends CommonOptions {
  readonly host?: string;
  readonly port?: string;
  readonly withoutKeys?: boolean;
}

export function serveCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("serve"))
    .description("serve images, searches and collections over HTTP until Ctrl-C or SIGTERM")
    .option("--host <address>", "address to listen on, instead of server.host")
    .option("--port <n>", "port to listen on, instead of server.port; 0 means any free port")
    .option("--without-keys", "listen on other addresses than those of this machine although there are no API keys")
    .action(async (options: ServeOptions) => exit(await runServe(options)));
}

async function runServe(options: ServeOptions): Promise<ExitCode> {
  const config = forRequests(await configOf({ ...options, set: [...(options.set ?? []), ...flagsOf(options)] }));
  const settings = config.settings();
  const terminal = terminalOf(options);
  const log = createLog({ ...settings.logging, stream: process.stderr });
  await using pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy", onModelFetch: logOfFetches(log) });
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  // The log has the same news as JSON, so notes for people are only for a terminal.
  const notes = terminalOf({ ...options, quiet: options.quiet === true || process.stderr.isTTY !== true });
  const interrupts = watchInterrupts(notes, () => stop(), "server");
  try {
    const keysElsewhere = options.withoutKeys === true ? "omit" : "require";
    const server = await startServer({ pipeline, settings, log, keysElsewhere });
    terminal.result({ url: server.url }, `Listening on ${server.url}\n`);
    log("info", "listening", { url: server.url });
    const waiting = new AbortController();
    const warm = warmUp({ pipeline, log, signal: waiting.signal });
    await stopped;
    waiting.abort();
    log("info", "stopping", { drain_seconds: settings.server.drainTimeout });
    await server.stop(interrupts.hard);
    log("info", "stopped");
    await Promise.race([warm, Promise.resolve()]);
    return exitCodes.ok;
  } finally {
    interrupts.dispose();
  }
}

/** Logs when a model begins to arrive from a hub. */
function logOfFetches(log: ReturnType<typeof createLog>): (progress: FetchProgress) => void {
  let model: string | null = null;
  return (progress) => {
    if (progress.model !== model) log("info", "fetching a model", { model: progress.model, total_bytes: progress.totalBytes });
    model = progress.model;
  };
}

/** Defaults that differ from those of other commands. */
function forRequests(config: ServiceConfig): ServiceConfig {
  const given = new Set(config.explain().flatMap(({ path, origin }) => (origin === "default" ? [] : [path])));
  // URLs in requests come from strangers.
  if (!given.has("http.network")) config.http = { ...config.http, network: "public" };
  // The model works for jobs most of the time. Requests that do not need it should not wait behind it.
  if (!given.has("embedder.niceness")) config.embedder = { ...config.embedder, niceness: 10 };
  return config;
}

function flagsOf({ host, port }: ServeOptions): readonly string[] {
  return [...(host === undefined ? [] : [`server.host=${host}`]), ...(port === undefined ? [] : [`server.port=${port}`])];
}
