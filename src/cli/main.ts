#!/usr/bin/env node
/** The command `headrace`. */
import { CommanderError } from "commander";
import { HeadraceError } from "../contracts/index.js";
import { type ExitCode, errorDocument, errorText, exitCodeOf, exitCodes } from "./exit.js";
import { buildProgram } from "./program.js";

/** Runs one command line and says how the process is to end. */
async function main(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program = buildProgram((value) => {
    code = value;
  });
  try {
    await program.parseAsync(argv);
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const error = HeadraceError.from(thrown);
    if (argv.includes("--json")) process.stdout.write(`${JSON.stringify(errorDocument(error))}\n`);
    else process.stderr.write(errorText(error));
    return exitCodeOf(error);
  }
}

process.exitCode = await main(process.argv);
