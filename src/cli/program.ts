/** The commands of `headrace`, with their flags and help. */
import { Command } from "commander";
import { collectionCommand } from "./commands/collections/collection.js";
import { copyCommand } from "./commands/collections/copy.js";
import { countCommand } from "./commands/collections/count.js";
import { dedupeCommand } from "./commands/collections/dedupe.js";
import { deleteCommand } from "./commands/collections/delete.js";
import { exportCommand } from "./commands/collections/export.js";
import { importCommand } from "./commands/collections/import.js";
import { reembedCommand } from "./commands/collections/reembed.js";
import { restoreCommand } from "./commands/collections/restore.js";
import { searchCommand } from "./commands/collections/search.js";
import { distributeCommand } from "./commands/fleet/distribute.js";
import { fleetCommand } from "./commands/fleet/fleet.js";
import { workCommand } from "./commands/fleet/work.js";
import { classifyCommand } from "./commands/images/classify.js";
import { embedCommand } from "./commands/images/embed.js";
import { ingestCommand } from "./commands/images/ingest.js";
import { labelsCommand } from "./commands/images/labels.js";
import { preprocessCommand } from "./commands/images/preprocess.js";
import { retryCommand } from "./commands/images/retry.js";
import { syncCommand } from "./commands/images/sync.js";
import { verifyCommand } from "./commands/images/verify.js";
import { watchCommand } from "./commands/images/watch.js";
import { benchCommand } from "./commands/setup/bench.js";
import { configCommand } from "./commands/setup/config.js";
import { doctorCommand } from "./commands/setup/doctor.js";
import { healthCommand } from "./commands/setup/health.js";
import { initCommand } from "./commands/setup/init.js";
import { modelCommand } from "./commands/setup/model.js";
import { planCommand } from "./commands/setup/plan.js";
import { serveCommand } from "./commands/setup/serve.js";
import { tritonCommand } from "./commands/setup/triton.js";
import { tuneCommand } from "./commands/setup/tune.js";
import { acceptOuterOptions } from "./outer-options.js";
import type { ExitCode } from "./terminal/exit.js";

const commands = [
  ingestCommand,
  watchCommand,
  retryCommand,
  distributeCommand,
  workCommand,
  fleetCommand,
  syncCommand,
  verifyCommand,
  searchCommand,
  labelsCommand,
  modelCommand,
  classifyCommand,
  embedCommand,
  preprocessCommand,
  collectionCommand,
  countCommand,
  copyCommand,
  exportCommand,
  importCommand,
  reembedCommand,
  dedupeCommand,
  deleteCommand,
  restoreCommand,
  healthCommand,
  doctorCommand,
  serveCommand,
  benchCommand,
  planCommand,
  tuneCommand,
  configCommand,
  initCommand,
  tritonCommand,
];

export interface ProgramOptions {
  /** What `--version` prints. */
  readonly version: string;
  /** Receives the exit code of the command. */
  readonly exit: (code: ExitCode) => void;
}

export function buildProgram({ version, exit }: ProgramOptions): Command {
  const program = new Command("headrace")
    .description("Images become searchable vectors: nothing lost, nothing twice.")
    .version(version)
    .showHelpAfterError("(add --help for more)")
    .exitOverride();
  for (const add of commands) add(program, exit);
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
