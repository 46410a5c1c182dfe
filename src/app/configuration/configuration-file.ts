/** The configuration file for people and editors: a commented template, and a JSON Schema. */
import { jsonSchemaOf, type OutlinedSetting, outline, settingsTemplate } from "../../config/index.js";
import { settingsSchema } from "./settings.js";

/** What `headrace init` writes: all settings, commented out, with their defaults; loads as it is and changes nothing. */
export function configurationTemplate(): string {
  return settingsTemplate(settingsSchema, [
    "# Settings of Headrace, with their defaults. Take away the # right before a setting to change it.",
    "# Environment variables (HEADRACE_MILVUS__HOST=db) and --set milvus.host=db go before this file.",
    "# `headrace config` shows what holds, and where it comes from.",
  ]);
}

/** For editors that check YAML while it is written. */
export function configurationJsonSchema(): object {
  const { $schema, ...schema } = jsonSchemaOf(settingsSchema);
  return { $schema, title: "Settings of Headrace", ...schema };
}

/** Every setting, in the order of the file. */
export function configurationOutline(): readonly OutlinedSetting[] {
  return outline(settingsSchema);
}
