/**
 * Merges settings. Flags override environment variables, environment variables override the file, and the file overrides the defaults.
 * Checks the result, and keeps the origin of each value.
 */
import type { z } from "zod";
import { HeadraceError } from "../contracts/index.js";
import { namedForCode, namedForFiles } from "./casing.js";
import { complaint } from "./complaints.js";
import type { SettingsDocument } from "./documents.js";
import { type IgnoredSettings, noticeOf, takeIgnored } from "./notices.js";
import type { Overlay } from "./overlays.js";
import { keysAt, schemaAt } from "./schema-tree.js";

export interface LoadedSettings<T> {
  readonly value: T;
  /** The origin of each value that is not a default. The keys of this map are dotted paths, such as `milvus.host`. */
  readonly origins: ReadonlyMap<string, string>;
  /** One message that names the given settings that have no effect; empty if there are none. */
  readonly notices: readonly string[];
}

/** Throws `config_invalid` if a setting is unknown or has an invalid value. The message lists all such settings. */
export function loadSettings<S extends z.ZodType>(
  schema: S,
  document: SettingsDocument | null,
  overlays: readonly Overlay[],
  ignored: IgnoredSettings = {},
): LoadedSettings<z.output<S>> {
  const values =
    document === null ? {} : (section(schema, structuredClone(document.values), [], document.empty) as Record<string, unknown>);
  const origins = new Map<string, string>();
  if (document) for (const [path, line] of document.lines) origins.set(path, `${document.path}:${line}`);
  for (const { path, value, origin } of overlays) {
    assign(values, path, value, origin);
    origins.set(path.join("."), origin);
  }
  const notice = noticeOf(takeIgnored(values, ignored), origins);
  const unknown: z.core.$ZodIssue[] = [];
  const settings = namedForCode(schema, values, (path) => unknown.push(unknownKey(path)));
  const result = schema.safeParse(settings);
  const issues = [...unknown, ...(result.error?.issues ?? [])];
  if (!result.success || unknown.length > 0) throw complaint(issues, { schema, values, origins, written: "inFiles" });
  return { value: result.data, origins, notices: notice === undefined ? [] : [notice] };
}

/**
 * Checks settings that use their names in code. Returns a copy that is completed with defaults. Throws `config_invalid`; its message uses
 * the names in files.
 */
export function checkSettings<S extends z.ZodType>(schema: S, settings: object): z.output<S> {
  const result = schema.safeParse(settings);
  if (result.success) return result.data;
  throw complaint(result.error.issues, { schema, values: namedForFiles(schema, settings), origins: new Map(), written: "inCode" });
}

function unknownKey(path: readonly string[]): z.core.$ZodIssue {
  return { code: "unrecognized_keys", keys: path.slice(-1), path: path.slice(0, -1), message: "" };
}

/**
 * Replaces empty sections. A section name without content gives the section with its defaults. A section with the value `null` is removed
 * if the section is optional. Otherwise `null` gives the section with its defaults.
 */
function section(schema: z.ZodType, value: unknown, path: readonly string[], empty: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((part, index) => section(schema, part, [...path, String(index)], empty));
  if (!isBranch(value)) return value;
  const kept = Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, key];
    if (inner !== null || keysAt(schema, at).length === 0) return [[key, section(schema, inner, at, empty)] as const];
    if (empty.has(at.join("."))) return [[key, {}] as const];
    return schemaAt(schema, at)?.safeParse(null).success ? [[key, null] as const] : [];
  });
  return Object.fromEntries(kept);
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown, origin: string): void {
  const [key = "", ...rest] = path;
  if (key === "" || key === "__proto__") {
    throw new HeadraceError("config_invalid", `${origin}: expected the name of a setting, found none`, { item: path.join(".") });
  }
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key] ?? {};
  target[key] = inner;
  // If the user has set a section to a single value, the value is kept. The schema then reports the error.
  if (isBranch(inner)) assign(inner, rest, value, origin);
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
