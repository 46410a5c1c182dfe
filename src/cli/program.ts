/** The commands of `headrace`, with their flags and help. */
import { Command } from "commander";
import { benchCommand } from "./commands/bench.js";
import { classifyCommand } from "./commands/classify.js";
import { collectionCommand } from "./commands/collection.js";
import { configCommand } from "./commands/config.js";
import { copyCommand } from "./commands/copy.js";
import { countCommand } from "./commands/count.js";
import { dedupeCommand } from "./commands/dedupe.js";
import { deleteCommand } from "./commands/delete.js";
import { distributeCommand } from "./commands/distribute.js";
import { doctorCommand } from "./commands/doctor.js";
import { embedCommand } from "./commands/embed.js";
import { exportCommand } from "./commands/export.js";
import { fleetCommand } from "./commands/fleet.js";
import { healthCommand } from "./commands/health.js";
import { importCommand } from "./commands/import.js";
import { ingestCommand } from "./commands/ingest.js";
import { initCommand } from "./commands/init.js";
import { labelsCommand } from "./commands/labels.js";
import { modelCommand } from "./commands/model.js";
import { planCommand } from "./commands/plan.js";
import { preprocessCommand } from "./commands/preprocess.js";
import { reembedCommand } from "./commands/reembed.js";
import { restoreCommand } from "./commands/restore.js";
import { retryCommand } from "./commands/retry.js";
import { searchCommand } from "./commands/search.js";
import { serveCommand } from "./commands/serve.js";
import { syncCommand } from "./commands/sync.js";
import { tritonCommand } from "./commands/triton.js";
import { tuneCommand } from "./commands/tune.js";
import { verifyCommand } from "./commands/verify.js";
import { watchCommand } from "./commands/watch.js";
import { workCommand } from "./commands/work.js";
import type { ExitCode } from "./exit.js";
import { acceptOuterOptions } from "./outer-options.js";

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
