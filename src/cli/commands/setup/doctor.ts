/** `headrace doctor`: finds problems and possible speed-ups, and says what to do. */
import type { Command } from "commander";
import { type CommonOptions, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

export function doctorCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("doctor"))
    .description("find problems of embedder and store, and suggest what would make them faster")
    .action(async (options: CommonOptions) => exit(await runDoctor(options)));
}

function runDoctor(options: CommonOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    const diagnosis = await pipeline.diagnose();
    const text = diagnosis.findings.map(
      ({ severity, part, message, hint }) => `${severity === "problem" ? "PROBLEM" : "advice "}  ${part}: ${message}\n         ${hint}\n`,
    );
    terminalOf(options).result(diagnosis, text.length === 0 ? "No problems found.\n" : text.join(""));
    return diagnosis.ok ? exitCodes.ok : exitCodes.failed;
  });
}
