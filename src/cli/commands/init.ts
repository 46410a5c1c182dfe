/** `headrace init`: a configuration file to begin with. */
import { writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { configurationJsonSchema, configurationTemplate } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { defaultFile } from "../context.js";
import { type ExitCode, exitCodes } from "../exit.js";
import { type OutputOptions, Terminal } from "../terminal.js";

interface InitOptions extends OutputOptions {
  readonly force?: boolean;
  readonly schema?: string;
}

export function initCommand(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("init")
    .description("write a configuration file with every setting, commented out")
    .argument("[file]", "where to", defaultFile)
    .option("--force", "write over a file that is there")
    .addOption(new Option("--schema <file.json>", "also write the JSON Schema, and name it in the file for editors"))
    .option("--json", "one JSON document on stdout, nothing else")
    .option("--quiet", "results and errors only")
    .action(async (file: string, options: InitOptions) => exit(await runInit(file, options)));
}

async function runInit(file: string, options: InitOptions): Promise<ExitCode> {
  const { schema } = options;
  const editorLine = schema === undefined ? "" : `# yaml-language-server: $schema=${schema}\n`;
  await write(file, editorLine + configurationTemplate(), options);
  if (schema !== undefined) await write(schema, `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`, options);
  new Terminal(options).result(
    { written: file, schema: schema ?? null },
    `Wrote ${file}${schema === undefined ? "" : ` and ${schema}`}. Every setting is in it; those without a comment sign count.\n`,
  );
  return exitCodes.ok;
}

async function write(file: string, text: string, { force }: InitOptions): Promise<void> {
  try {
    await writeFile(file, text, { flag: force === true ? "w" : "wx" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") {
      throw new HeadraceError("usage_invalid", `${file} is there already.`, {
        item: file,
        hint: "Add --force to write over it, or name another file.",
        cause,
      });
    }
    throw new HeadraceError("state_unwritable", `${file} cannot be written: ${(cause as Error).message}.`, { item: file, cause });
  }
}
