/** The commands of `headrace`, with their flags and help. Each command's code is loaded when the command line names it. */
import { Command } from "commander";
import { acceptOuterOptions } from "./outer-options.js";
import type { ExitCode } from "./terminal/exit.js";

type AddCommand = (program: Command, exit: (code: ExitCode) => void) => void;

/** In the order of the help. The name is the word that the command line has for the command. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  ingest: async () => (await import("./commands/images/ingest.js")).ingestCommand,
  watch: async () => (await import("./commands/images/watch.js")).watchCommand,
  retry: async () => (await import("./commands/images/retry.js")).retryCommand,
  distribute: async () => (await import("./commands/fleet/distribute.js")).distributeCommand,
  work: async () => (await import("./commands/fleet/work.js")).workCommand,
  fleet: async () => (await import("./commands/fleet/fleet.js")).fleetCommand,
  sync: async () => (await import("./commands/images/sync.js")).syncCommand,
  verify: async () => (await import("./commands/images/verify.js")).verifyCommand,
  search: async () => (await import("./commands/collections/search.js")).searchCommand,
  labels: async () => (await import("./commands/images/labels.js")).labelsCommand,
  model: async () => (await import("./commands/setup/model.js")).modelCommand,
  classify: async () => (await import("./commands/images/classify.js")).classifyCommand,
  "refresh-metadata": async () => (await import("./commands/images/refresh-metadata.js")).refreshMetadataCommand,
  embed: async () => (await import("./commands/images/embed.js")).embedCommand,
  preprocess: async () => (await import("./commands/images/preprocess.js")).preprocessCommand,
  collection: async () => (await import("./commands/collections/collection.js")).collectionCommand,
  count: async () => (await import("./commands/collections/count.js")).countCommand,
  copy: async () => (await import("./commands/collections/copy.js")).copyCommand,
  export: async () => (await import("./commands/collections/export.js")).exportCommand,
  import: async () => (await import("./commands/collections/import.js")).importCommand,
  reembed: async () => (await import("./commands/collections/reembed.js")).reembedCommand,
  dedupe: async () => (await import("./commands/collections/dedupe.js")).dedupeCommand,
  delete: async () => (await import("./commands/collections/delete.js")).deleteCommand,
  restore: async () => (await import("./commands/collections/restore.js")).restoreCommand,
  health: async () => (await import("./commands/setup/health.js")).healthCommand,
  doctor: async () => (await import("./commands/setup/doctor.js")).doctorCommand,
  serve: async () => (await import("./commands/setup/serve.js")).serveCommand,
  mcp: async () => (await import("./commands/setup/mcp.js")).mcpCommand,
  bench: async () => (await import("./commands/setup/bench.js")).benchCommand,
  plan: async () => (await import("./commands/setup/plan.js")).planCommand,
  tune: async () => (await import("./commands/setup/tune.js")).tuneCommand,
  config: async () => (await import("./commands/setup/config.js")).configCommand,
  init: async () => (await import("./commands/setup/init.js")).initCommand,
  triton: async () => (await import("./commands/setup/triton.js")).tritonCommand,
};

export interface ProgramOptions {
  /** What `--version` prints. */
  readonly version: string;
  /** Receives the exit code of the command. */
  readonly exit: (code: ExitCode) => void;
  /** The word of the command line that names a command. The program then has only this command. Default: the program has all commands. */
  readonly only?: string | undefined;
}

export async function buildProgram({ version, exit, only }: ProgramOptions): Promise<Command> {
  const program = new Command("headrace")
    .description("Images become searchable vectors: nothing lost, nothing twice.")
    .version(version)
    .showHelpAfterError("(add --help for more)")
    .exitOverride();
  const named = only === undefined || !Object.hasOwn(commands, only) ? undefined : commands[only];
  const loaded = await Promise.all((named === undefined ? Object.values(commands) : [named]).map((load) => load()));
  for (const add of loaded) add(program, exit);
  acceptOuterOptions(program);
  inheritExit(program);
  return program;
}

/** Makes commander throw instead of exiting the process, also in every subcommand. */
function inheritExit(command: Command): void {
  for (const inner of command.commands) {
    inner.exitOverride();
    inheritExit(inner);
  }
}
