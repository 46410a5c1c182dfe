/** `headrace config`: shows the effective settings, and where each value comes from. */
import { type Command, Option } from "commander";
import { type CommonOptions, configOf, terminalOf, withCommonOptions } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

interface ConfigOptions extends CommonOptions {
  readonly only?: "given";
}

type Setting = ReturnType<Awaited<ReturnType<typeof configOf>>["explain"]>[number];

export function configCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("config"))
    .description("show every setting with its value and origin, as YAML that can be used as a configuration file; secrets are hidden")
    .addOption(new Option("--only <which>", "given: only settings from the file, the environment or flags").choices(["given"]))
    .action(async (options: ConfigOptions) => exit(await runConfig(options)));
}

async function runConfig(options: ConfigOptions): Promise<ExitCode> {
  const all = (await configOf(options)).explain();
  const settings = options.only === "given" ? all.filter(({ origin }) => origin !== "default") : all;
  terminalOf(options).result({ settings }, settings.length === 0 ? "# All settings have their defaults.\n" : yaml(settings));
  return exitCodes.ok;
}

/** Prints one line per setting, with the origin of its value as a comment. The values are JSON, which is valid YAML. */
function yaml(settings: readonly Setting[]): string {
  const lines: { readonly text: string; readonly origin: string }[] = [];
  let open: readonly string[] = [];
  for (const { path, value, origin } of settings) {
    const parts = path.split(".");
    const sections = parts.slice(0, -1);
    sections.forEach((section, depth) => {
      if (open[depth] !== section) lines.push({ text: `${"  ".repeat(depth)}${section}:`, origin: "" });
    });
    open = sections;
    lines.push({ text: `${"  ".repeat(sections.length)}${parts.at(-1)}: ${JSON.stringify(value)}`, origin });
  }
  const width = Math.min(60, Math.max(...lines.map(({ text }) => text.length)));
  return lines.map(({ text, origin }) => (origin === "" ? `${text}\n` : `${text.padEnd(width)}  # ${origin}\n`)).join("");
}
