/** The commands of `headrace`, with their flags and help. Each command's code is loaded when the command line names it. */
import { Command } from "commander";
import { acceptOuterOptions } from "./outer-options.js";
import type { ExitCode } from "./terminal/exit.js";

type AddCommand = (program: Command, exit: (code: ExitCode) => void) => void;

/** In the order of the help, by its headings. The name is the word that the command line has for the command. */
const groups: Readonly<Record<string, Readonly<Record<string, () => Promise<AddCommand>>>>> = {
  "On the first day": {
    ingest: async () => (await import("./commands/images/ingest.js")).ingestCommand,
    search: async () => (await import("./commands/collections/search.js")).searchCommand,
    sync: async () => (await import("./commands/images/sync.js")).syncCommand,
    serve: async () => (await import("./commands/setup/serve.js")).serveCommand,
    doctor: async () => (await import("./commands/setup/doctor.js")).doctorCommand,
  },
  Images: {
    watch: async () => (await import("./commands/images/watch.js")).watchCommand,
    retry: async () => (await import("./commands/images/retry.js")).retryCommand,
    verify: async () => (await import("./commands/images/verify.js")).verifyCommand,
    "refresh-metadata": async () => (await import("./commands/images/refresh-metadata.js")).refreshMetadataCommand,
    embed: async () => (await import("./commands/images/embed.js")).embedCommand,
    preprocess: async () => (await import("./commands/images/preprocess.js")).preprocessCommand,
  },
  "Words and labels": {
    labels: async () => (await import("./commands/images/labels.js")).labelsCommand,
    classify: async () => (await import("./commands/images/classify.js")).classifyCommand,
  },
  Collections: {
    collection: async () => (await import("./commands/collections/collection.js")).collectionCommand,
    count: async () => (await import("./commands/collections/count.js")).countCommand,
    copy: async () => (await import("./commands/collections/copy.js")).copyCommand,
    export: async () => (await import("./commands/collections/export.js")).exportCommand,
    import: async () => (await import("./commands/collections/import.js")).importCommand,
    reembed: async () => (await import("./commands/collections/reembed.js")).reembedCommand,
    dedupe: async () => (await import("./commands/collections/dedupe.js")).dedupeCommand,
    delete: async () => (await import("./commands/collections/delete.js")).deleteCommand,
    restore: async () => (await import("./commands/collections/restore.js")).restoreCommand,
  },
  "Several machines": {
    distribute: async () => (await import("./commands/fleet/distribute.js")).distributeCommand,
    work: async () => (await import("./commands/fleet/work.js")).workCommand,
    fleet: async () => (await import("./commands/fleet/fleet.js")).fleetCommand,
  },
  Speed: {
    bench: async () => (await import("./commands/setup/bench.js")).benchCommand,
    plan: async () => (await import("./commands/setup/plan.js")).planCommand,
    tune: async () => (await import("./commands/setup/tune.js")).tuneCommand,
  },
  "Set up": {
    init: async () => (await import("./commands/setup/init.js")).initCommand,
    config: async () => (await import("./commands/setup/config.js")).configCommand,
    health: async () => (await import("./commands/setup/health.js")).healthCommand,
    completion: async () => (await import("./commands/setup/completion.js")).completionCommand,
    explain: async () => (await import("./commands/setup/explain.js")).explainCommand,
    model: async () => (await import("./commands/setup/model.js")).modelCommand,
    triton: async () => (await import("./commands/setup/triton.js")).tritonCommand,
    mcp: async () => (await import("./commands/setup/mcp.js")).mcpCommand,
  },
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
  const isNamed = Object.values(groups).some((group) => only !== undefined && Object.hasOwn(group, only));
  for (const [heading, group] of Object.entries(groups)) {
    const loaded = await Promise.all(Object.entries(group).flatMap(([name, load]) => (!isNamed || name === only ? [load()] : [])));
    program.commandsGroup(`${heading}:`);
    for (const add of loaded) add(program, exit);
  }
  if (only === "complete") (await import("./completion/complete.js")).completeCommand(program, exit);
  program.helpCommand("help [command]", "show the help of a command");
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
