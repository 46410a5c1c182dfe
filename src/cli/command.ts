/** Runs the command line of this process, and exits with its code. */
import { readFileSync } from "node:fs";
import { CommanderError } from "commander";
import * as z from "zod";
import { HeadraceError } from "../contracts/index.js";
import { followLauncher } from "./process/launcher-signals.js";
import { verbOf } from "./process/verb.js";
import { type ExitCode, errorDocument, errorText, exitCodeOf, exitCodes } from "./terminal/exit.js";
import { printable } from "./terminal/printable-text.js";

/** Runs one command line and returns the exit code. */
async function main(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  // A command parses its settings once. The code that zod would generate for each schema costs more than it saves.
  z.config({ jitless: true });
  // Imported afterwards, because schemas are made when their modules are loaded.
  const { buildProgram } = await import("./program.js");
  const program = await buildProgram({
    version: packageVersion(),
    only: verbOf(argv.slice(2)),
    exit: (value) => {
      code = value;
    },
  });
  try {
    await program.parseAsync(argv);
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitCodes.ok;
    // commander has already printed the error as text on stderr.
    if (thrown instanceof CommanderError && !argv.includes("--json")) return exitCodes.usage;
    const error = thrown instanceof CommanderError ? usageError(thrown) : HeadraceError.from(thrown);
    if (argv.includes("--json")) process.stdout.write(`${JSON.stringify(errorDocument(error))}\n`);
    else process.stderr.write(printable(errorText(error)));
    return exitCodeOf(error);
  }
}

function usageError({ message }: CommanderError): HeadraceError {
  return new HeadraceError("usage_invalid", message.replace(/^error: /, ""));
}

function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * A reader such as `head` may close the pipe early. What remains of the output is then lost, but not the work: the command goes on, and its
 * exit code is that of its work.
 */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

ignoreClosedPipes();
followLauncher();
void main(process.argv).then((code) => {
  // After a stop, a store may still be working. The process exits anyway, once its output is written.
  process.stdout.write("", () => process.exit(code));
});
