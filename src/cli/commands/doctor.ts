/** `headrace doctor`: what is wrong, and what would be faster, with what to do about it. */
import type { Command } from "commander";
import { type CommonOptions, terminalOf, withCommonOptions, withPipeline } from "../context.js";
import { type ExitCode, exitCodes } from "../exit.js";

export function doctorCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("doctor"))
    .description("say what is wrong with embedder and store, and what would be faster")
    .action(async (options: CommonOptions) => exit(await runDoctor(options)));
}

function runDoctor(options: CommonOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    const diagnosis = await pipeline.diagnose();
    const text = diagnosis.findings.map(
      ({ severity, part, message, hint }) => `${severity === "problem" ? "PROBLEM" : "advice "}  ${part}: ${message}\n         ${hint}\n`,
    );
    terminalOf(options).result(diagnosis, text.length === 0 ? "Nothing to mend.\n" : text.join(""));
    return diagnosis.ok ? exitCodes.ok : exitCodes.failed;
  });
}
