/** `docs/reference/configuration.md` and `config/headrace.schema.json`: every setting, from the schemas. */
import { configurationJsonSchema, configurationOutline } from "../../src/app/index.js";
import { generatedNote, type ReferencePage, table } from "./page.js";

type Setting = ReturnType<typeof configurationOutline>[number];

export const configurationPage: ReferencePage = { path: "docs/reference/configuration.md", render: () => text() };

export const schemaFile: ReferencePage = {
  path: "config/headrace.schema.json",
  render: () => `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`,
};

function text(): string {
  const settings = configurationOutline();
  const sections = settings.filter(({ kind }) => kind !== "value");
  const values = settings.filter(({ kind }) => kind === "value");
  return `# Configuration

${generatedNote}

Settings come from a YAML file (\`--config FILE\`, else \`./headrace.yaml\` if it is there), from the environment and from flags.
Later ones go before earlier ones: **defaults < file < environment < flags**. \`headrace config\` shows what holds and where it comes from,
\`headrace init\` writes a file with every setting, commented out. In code the same settings are camelCase:
\`config.asyncPipeline.preprocessWorkers\`.

- **Environment**: \`HEADRACE_MILVUS__HOST=db\` sets \`milvus.host\`; \`__\` goes one section deeper. A name in a setting's own case wins
  (\`HEADRACE_MILVUS__M\`, \`HEADRACE_MILVUS__m\`); else case and \`_\` do not matter (\`HEADRACE_MILVUS__EFCONSTRUCTION\`).
- **Flags**: \`--set milvus.host=db\`, repeatable.
- **Values** of both are taken as they are where a setting takes text, and read as YAML elsewhere (\`--set preprocess.image_size='[224, 224]'\`).
  An empty value or \`null\` is null where a setting may be null.
- **A heading with nothing below it** (\`triton:\`) is a section with its defaults. **\`null\`** (\`triton: null\`) is no section: what can be
  absent is absent, everything else has its defaults.
- **Secrets** (\`token\`, \`password\`, and passwords in addresses) are never printed, also not in errors. Give them by the environment.
- **An unknown key or a bad value** is \`config_invalid\`, with the key, its line or variable, what was expected, and the nearest known key.
- A setting that is **accepted without effect**, as in files of the Python service, is noted on stderr (\`config.notices\` in code).
- **Editors** that know YAML schemas check a file that begins with
  \`# yaml-language-server: $schema=./headrace.schema.json\`; \`headrace init --schema headrace.schema.json\` writes both.

${sections.map(sectionText).join("\n")}
## At the top

${settingsTable(values, "")}
`;
}

function sectionText({ key, description, kind, inner }: Setting): string {
  const absent = kind === "absent section" ? " Absent by default.\n" : "\n";
  const list = kind === "list" ? "A list; each entry has:\n\n" : "";
  return `## \`${key}\`\n\n${description}${absent}\n${list}${settingsTable(inner, "")}\n`;
}

function settingsTable(settings: readonly Setting[], prefix: string): string {
  return table(["setting", "default", "takes", "what it does"], rows(settings, prefix));
}

function rows(settings: readonly Setting[], prefix: string): readonly (readonly string[])[] {
  return settings.flatMap((setting) => {
    const name = `${prefix}${setting.key}`;
    if (setting.kind === "value") {
      const { default: value, takes, description } = setting;
      return [[`\`${name}\``, value === undefined ? "must be given" : `\`${JSON.stringify(value)}\``, takes, description]];
    }
    return rows(setting.inner, setting.kind === "list" ? `${name}[].` : `${name}.`);
  });
}
