/** `headrace mcp`: lets a language model search the collections, over stdin and stdout. */
import type { Command } from "commander";
import { type CommonOptions, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { watchInterrupts } from "../../terminal/interrupts.js";

export function mcpCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("mcp"))
    .description("let a language model search the collections: an MCP server on stdin and stdout, which only reads")
    .action(async (options: CommonOptions) => exit(await runMcp(program.version() ?? "0", options)));
}

async function runMcp(version: string, options: CommonOptions): Promise<ExitCode> {
  const { serveMcp } = await import("../../../mcp/index.js");
  const terminal = terminalOf({ ...options, quiet: options.quiet === true || process.stderr.isTTY !== true });
  const ending = new AbortController();
  const interrupts = watchInterrupts(terminal, () => ending.abort(), "server");
  try {
    return await withPipeline(options, async (pipeline) => {
      await serveMcp({
        ...{ pipeline, version, input: process.stdin, output: process.stdout, signal: ending.signal },
        onError: ({ message }) => terminal.note(`A message of the client was not understood: ${message}`),
      });
      return exitCodes.ok;
    });
  } finally {
    interrupts.dispose();
  }
}
