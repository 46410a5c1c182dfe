/** The configuration file: a commented template for people, and a JSON Schema for editors. */
import { jsonSchemaOf, type OutlinedSetting, outline, settingsTemplate } from "../../config/index.js";
import { settingsSchema } from "./settings.js";

/** The file that `headrace init` writes: all settings with their defaults, commented out. Loading the unedited file gives the defaults. */
export function configurationTemplate(): string {
  return settingsTemplate(settingsSchema, [
    "# Settings of Headrace, with their defaults. To change a setting, remove the # before it.",
    "# Environment variables (HEADRACE_MILVUS__HOST=db) and --set milvus.host=db override this file.",
    "# `headrace config` shows the effective settings, and where each comes from.",
  ]);
}

/** The JSON Schema of the configuration, for editors that check YAML during typing. */
export function configurationJsonSchema(): object {
  const { $schema, ...schema } = jsonSchemaOf(settingsSchema);
  return { $schema, title: "Settings of Headrace", ...schema };
}

export function configurationOutline(): readonly OutlinedSetting[] {
  return outline(settingsSchema);
}
