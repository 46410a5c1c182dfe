/** `headrace health`: checks embedder and store with a real call to each. */
import type { Command } from "commander";
import { type CommonOptions, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

export function healthCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("health"))
    .description("check embedder and store with a real call to each")
    .action(async (options: CommonOptions) => exit(await runHealth(options)));
}

function runHealth(options: CommonOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    const health = await pipeline.health();
    const lines = health.parts.map(
      ({ name, kind, ok, detail, hint }) =>
        `${ok ? "ok  " : "FAIL"}  ${name} (${kind}): ${detail}\n${hint === null ? "" : `      ${hint}\n`}`,
    );
    terminalOf(options).result(health, lines.join(""));
    return health.ok ? exitCodes.ok : exitCodes.failed;
  });
}
