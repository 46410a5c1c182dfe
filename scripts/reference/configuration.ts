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

Settings come from a YAML file (\`--config FILE\`, else \`./headrace.yaml\` if it exists), from the environment and from flags. Later sources
override earlier ones: **defaults < file < environment < flags**. \`headrace config\` shows each setting with its value and its origin.
\`headrace init\` writes a file with every setting, commented out. In code, the same settings are camelCase:
\`config.asyncPipeline.preprocessWorkers\`.

- **Environment**: \`HEADRACE_MILVUS__HOST=db\` sets \`milvus.host\`. Each \`__\` begins a deeper section. If a variable has exactly a setting's
  case, it sets that setting (\`HEADRACE_MILVUS__M\`, \`HEADRACE_MILVUS__m\`). Otherwise case and \`_\` do not matter
  (\`HEADRACE_MILVUS__EFCONSTRUCTION\`).
- **Flags**: \`--set milvus.host=db\`, repeatable.
- **Values** of variables and flags are used unchanged if the setting takes text. Otherwise they are read as YAML
  (\`--set preprocess.image_size='[224, 224]'\`). If the setting may be null, an empty value or \`null\` means null.
- **An empty section** (\`triton:\`) has its defaults. **\`null\`** (\`triton: null\`) removes a section that may be absent. Any other section
  then has its defaults.
- **Secrets** (\`token\`, \`password\`, and passwords in addresses) are never printed, not even in errors. Set them in the environment.
- **An unknown key or a bad value** is \`config_invalid\`. The message has the key, its line or variable, the expected value and the nearest known
  key.
- **A setting without effect**, as in files of the Python service, is accepted and noted on stderr (\`config.notices\` in code).
- **Editors** with support for YAML schemas check a file that begins with \`# yaml-language-server: $schema=./headrace.schema.json\`.
  \`headrace init --schema headrace.schema.json\` writes such a file and the schema.

${sections.map(sectionText).join("\n")}
## Top-level settings

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
      return [[`\`${name}\``, value === undefined ? "required" : `\`${JSON.stringify(value)}\``, takes, description]];
    }
    return rows(setting.inner, setting.kind === "list" ? `${name}[].` : `${name}.`);
  });
}
