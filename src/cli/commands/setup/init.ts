/** `headrace init`: writes a configuration file template. */
import { writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { configurationJsonSchema, configurationTemplate } from "../../../app/index.js";
import { HeadraceError } from "../../../contracts/index.js";
import { defaultFile } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { type OutputOptions, Terminal } from "../../terminal/terminal.js";

interface InitOptions extends OutputOptions {
  readonly force?: boolean;
  readonly schema?: string;
}

export function initCommand(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("init")
    .description("write a configuration file with every setting, commented out")
    .argument("[file]", "path of the file", defaultFile)
    .option("--force", "overwrite an existing file")
    .addOption(new Option("--schema <file.json>", "also write the JSON Schema to this file, and refer editors to it"))
    .option("--json", "print one JSON document on stdout and nothing else")
    .option("--quiet", "print only results and errors")
    .action(async (file: string, options: InitOptions) => exit(await runInit(file, options)));
}

async function runInit(file: string, options: InitOptions): Promise<ExitCode> {
  const { schema } = options;
  const editorLine = schema === undefined ? "" : `# yaml-language-server: $schema=${schema}\n`;
  await write(file, editorLine + configurationTemplate(), options);
  if (schema !== undefined) await write(schema, `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`, options);
  new Terminal(options).result(
    { written: file, schema: schema ?? null },
    `Wrote ${file}${schema === undefined ? "" : ` and ${schema}`}. Remove the # in front of a setting to set it.\n`,
  );
  return exitCodes.ok;
}

async function write(file: string, text: string, { force }: InitOptions): Promise<void> {
  try {
    await writeFile(file, text, { flag: force === true ? "w" : "wx" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") {
      throw new HeadraceError("usage_invalid", `init: ${file}: expected no such file, found one`, {
        item: file,
        hint: "Add --force to overwrite it, or name another file.",
        cause,
      });
    }
    throw new HeadraceError("state_unwritable", `${file} cannot be written: ${(cause as Error).message}.`, { item: file, cause });
  }
}
