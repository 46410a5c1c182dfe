/** Creates a template for the configuration file. The template has every setting with its description and default, as YAML comments. */
import type { z } from "zod";
import { type OutlinedSetting, outline } from "./outline.js";
import { yaml } from "./yaml.js";

const width = 118;

/** Returns the template. It is a valid configuration file that leaves every setting at its default. `head` are the first lines. */
export function settingsTemplate(schema: z.ZodType, head: readonly string[]): string {
  return `${[...head, ...outline(schema).flatMap((setting) => ["", ...described(setting, "")])].join("\n")}\n`;
}

function described(setting: OutlinedSetting, indent: string): readonly string[] {
  const { key, kind } = setting;
  const inner = setting.inner.filter(({ isOtherName }) => !isOtherName);
  const text = comment(setting.description === "" ? setting.takes : setting.description, `${indent}# `);
  if (kind === "section") return [...text, `${indent}${key}:`, ...inner.flatMap((part) => settingLines(part, "  "))];
  if (kind === "absent section") return [...text, `#${key}:`, ...inner.flatMap((part) => settingLines(part, "#  "))];
  return [...text, `${indent}#${key}: ${inline(setting.default)}`];
}

/** Returns the lines of a setting in a section. If the whole section is commented out, `indent` already contains the `#`. */
function settingLines(setting: OutlinedSetting, indent: string): readonly string[] {
  const isPlain = ["text", "text, or null", "true or false"].includes(setting.takes);
  const note = [setting.description, isPlain ? "" : `(${setting.takes})`].filter((part) => part !== "").join(" ");
  const sign = indent.startsWith("#") ? "" : "#";
  return [...comment(note, `${indent}# `), `${indent}${sign}${setting.key}: ${inline(setting.default)}`];
}

function comment(text: string, indent: string): readonly string[] {
  return wrapped(text, width - indent.length).map((line) => `${indent}${line}`);
}

function inline(value: unknown): string {
  return yaml()
    .stringify(value ?? null, { collectionStyle: "flow", lineWidth: 0 })
    .trimEnd();
}

function wrapped(text: string, limit: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (word === "") continue;
    if (last !== undefined && last.length + word.length < limit) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
