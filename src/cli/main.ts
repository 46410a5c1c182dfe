/** The command `headrace`, as the launcher starts it. */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { CommanderError } from "commander";
import { HeadraceError } from "../contracts/index.js";
import { type ExitCode, errorDocument, errorText, exitCodeOf, exitCodes } from "./exit.js";
import { hearLauncher } from "./launcher-signals.js";
import { printable } from "./printable-text.js";
import { buildProgram } from "./program.js";

/** Runs one command line and says how the process is to end. */
async function main(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program = buildProgram({
    version: packageVersion(),
    exit: (value) => {
      code = value;
    },
  });
  try {
    await program.parseAsync(argv);
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitCodes.ok;
    // For people, commander has said it on stderr.
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
 * The heap may grow to four times what lives in it before it is collected. V8's own step is 8 MB, which pictures on their way fill every
 * 30 images, and each collection then moves the pictures that wait to where only the next one frees them: 60 collections of the whole
 * heap for 2,000 photos and 9 % of the processor time, instead of 7.
 */
setFlagsFromString("--heap-growing-percent=300");

hearLauncher();
const code = await main(process.argv);
// A store may still work on what was stopped: the command is over all the same. What was printed goes out first.
process.stdout.write("", () => process.exit(code));
