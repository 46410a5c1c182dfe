/** Warns about environment variables with the prefix of settings that match no setting. */
import type { z } from "zod";
import { nearest } from "./complaints.js";
import { knownPath, variablePrefix } from "./overlays.js";
import { keysAt, schemaAt } from "./schema-tree.js";

/**
 * Returns one warning per unknown variable, with a suggestion. Only variables without `__` are checked. An unknown variable with `__` is an
 * error elsewhere.
 */
export function unknownVariables(schema: z.ZodType, environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const suspects = Object.keys(environment).filter((name) => name.startsWith(variablePrefix) && !name.includes("__"));
  const unknown = suspects.filter((name) => schemaAt(schema, knownPath(schema, [name.slice(variablePrefix.length)])) === undefined);
  if (unknown.length === 0) return [];
  const known = pathsOf(schema, []).map((path) => `${variablePrefix}${path.join("__").toUpperCase()}`);
  return unknown.map((name) => `${name} is no setting, and has no effect.${suggestion(name, known)}`);
}

function suggestion(name: string, known: readonly string[]): string {
  const words = nearest(name, known);
  return words.startsWith(" Did") ? words : " A section and its key are joined by two underscores: HEADRACE_MILVUS__HOST.";
}

function pathsOf(schema: z.ZodType, path: readonly string[]): readonly (readonly string[])[] {
  const keys = keysAt(schema, path);
  return keys.length === 0 ? [path] : keys.flatMap((key) => pathsOf(schema, [...path, key]));
}
