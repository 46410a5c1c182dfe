/** Loads settings from a file, environment variables and command-line flags. The caller passes the schema of the settings. */

export { namedForFiles } from "./casing.js";
export { nearest } from "./complaints.js";
export * from "./documents.js";
export * from "./explain.js";
export { checkSettings, type LoadedSettings, loadSettings } from "./load.js";
export type { IgnoredSettings } from "./notices.js";
export { type OutlinedSetting, outline } from "./outline.js";
export { environmentOverlays, flagOverlay, type Overlay } from "./overlays.js";
export { jsonSchemaOf } from "./schema-tree.js";
export { settingsTemplate } from "./template.js";
export { unknownVariables } from "./variables.js";
export { toYamlText } from "./yaml.js";
