/** `docs/reference/cli.md`: every command, from its own help. */
import type { Command } from "commander";
import { buildProgram } from "../../src/cli/program.js";
import { exitCodes } from "../../src/cli/terminal/exit.js";
import { generatedNote, type ReferencePage, table } from "./page.js";

const exitMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: "success",
  failed: "failed",
  usage: "wrong usage or configuration",
  someFailed: "finished, but some images failed",
  interrupted: "interrupted",
};

export const cliPage: ReferencePage = { path: "docs/reference/cli.md", render: () => text() };

async function text(): Promise<string> {
  const program = await buildProgram({ version: "", exit: () => {} });
  const commands = leaves(program, []);
  const codes = Object.entries(exitCodes).map(([name, code]) => [String(code), exitMeanings[name as keyof typeof exitCodes]]);
  return `# Commands

${generatedNote}

Results go to stdout, everything else to stderr.

- **\`--json\`**: stdout has one JSON document and nothing else. A command that fails prints \`{"error":{"code","message","hint","item","retryable","suggestions"}}\` there.
- **\`--quiet\`**: a successful run prints nothing. Any other run prints its summary. Other commands print their results as usual.
- **Files**: text output shows a file's path, relative if the file is below the working directory. Control characters in names are escaped.
  JSON documents have the file's URI as \`source\` and its path as \`path\`, which is null for an input that is not a file.
- **Deleting** needs \`--yes\`.
- \`--config\`, \`--set\`, \`--json\` and \`--quiet\` may also be given before the command.

Settings are described in [configuration.md](configuration.md), error codes in [errors.md](errors.md).

${table(["exit code", "meaning"], codes)}

${table(
  ["command", "what it does"],
  commands.map(({ path, command }) => [`[\`headrace ${path}\`](#${anchor(`headrace ${path}`)})`, command.description()]),
)}

${commands.map(({ path, command }) => `## headrace ${path}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`).join("\n")}`;
}

function leaves(command: Command, parents: readonly string[]): readonly { readonly path: string; readonly command: Command }[] {
  return command.commands.flatMap((inner) => {
    const path = [...parents, inner.name()];
    return inner.commands.length > 0 ? leaves(inner, path) : [{ path: path.join(" "), command: inner }];
  });
}

/** As on a terminal of 100 columns, without colours. */
function helpOf(command: Command): string {
  command.configureHelp({ helpWidth: 100 });
  return command.helpInformation().trimEnd();
}

function anchor(heading: string): string {
  return heading.replaceAll(" ", "-");
}
