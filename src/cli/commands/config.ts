/** `headrace config`: the effective configuration, and where each value comes from. */
import type { Command } from "commander";
import { type CommonOptions, configOf, terminalOf, withCommonOptions } from "../context.js";
import { type ExitCode, exitCodes } from "../exit.js";

export function configCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("config"))
    .description("show every setting with its value and origin")
    .action(async (options: CommonOptions) => exit(await runConfig(options)));
}

async function runConfig(options: CommonOptions): Promise<ExitCode> {
  const settings = (await configOf(options)).explain();
  const width = Math.max(...settings.map(({ path }) => path.length));
  const lines = settings.map(
    ({ path, value, origin }) => `${path.padEnd(width)}  ${JSON.stringify(value)}${origin === "default" ? "" : `  (${origin})`}\n`,
  );
  terminalOf(options).result({ settings }, lines.join(""));
  return exitCodes.ok;
}
