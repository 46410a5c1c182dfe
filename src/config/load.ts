/** Defaults < file < environment < flags: merged, checked, and each value's origin kept. */
import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";
import { HeadraceError } from "../contracts/index.js";
import type { SettingsDocument } from "./documents.js";
import type { Overlay } from "./overlays.js";

export interface LoadedSettings<T> {
  readonly value: T;
  /** Where a value that is not a default came from, by dotted path. */
  readonly origins: ReadonlyMap<string, string>;
}

/** Throws `config_invalid` that names key, line or variable, what was expected, and the nearest known key. */
export function loadSettings<S extends z.ZodType>(
  schema: S,
  document: SettingsDocument | null,
  overlays: readonly Overlay[],
): LoadedSettings<z.output<S>> {
  const merged: Record<string, unknown> = structuredClone(document?.values ?? {});
  const origins = new Map<string, string>();
  if (document) for (const [path, line] of document.lines) origins.set(path, `${document.path}:${line}`);
  for (const { path, value, origin } of overlays) {
    assign(merged, path.split("."), value, origin);
    origins.set(path, origin);
  }
  const result = schema.safeParse(merged);
  if (!result.success) throw invalid(schema, result.error.issues, merged, origins);
  return { value: result.data, origins };
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown, origin: string): void {
  const [key = "", ...rest] = path;
  if (key === "" || key === "__proto__") {
    throw new HeadraceError("config_invalid", `${origin} does not name a setting.`, { item: path.join(".") });
  }
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key];
  const next = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? (inner as Record<string, unknown>) : {};
  target[key] = next;
  assign(next, rest, value, origin);
}

function invalid(
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  values: Record<string, unknown>,
  origins: ReadonlyMap<string, string>,
): HeadraceError {
  const lines = issues.map((issue) => describe(schema, issue, values, origins));
  const [first] = issues;
  const item = first === undefined ? "" : pathOf(first)[0];
  const message =
    lines.length === 1 ? (lines[0] ?? "") : `${lines.length} settings are wrong:\n${lines.map((line) => `  - ${line}`).join("\n")}`;
  return new HeadraceError("config_invalid", message, item ? { item } : {});
}

function describe(
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  values: Record<string, unknown>,
  origins: ReadonlyMap<string, string>,
): string {
  const [path = "", ...more] = pathOf(issue);
  const where = originOf(path, origins);
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, issue.path);
    const key = issue.keys[0] ?? "";
    return `Unknown setting "${[path, ...more].join('", "')}"${where}.${nearest(key, known)}`;
  }
  const found = at(values, issue.path);
  const received = found === undefined ? "nothing" : JSON.stringify(found, hideSecrets);
  return `Bad value for "${path}"${where}: ${issue.message}; found ${isSecret(path) ? "a secret" : received}.`;
}

function pathOf(issue: z.core.$ZodIssue): readonly string[] {
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") return [path.join(".")];
  return issue.keys.map((key) => [...path, key].join("."));
}

function originOf(path: string, origins: ReadonlyMap<string, string>): string {
  for (let prefix = path; prefix !== ""; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(".")))) {
    const origin = origins.get(prefix);
    if (origin !== undefined) return ` (${origin})`;
  }
  return "";
}

function nearest(key: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const candidate = closest(key, known as string[]);
  const near = distance(key, candidate) <= Math.max(2, Math.floor(key.length / 3));
  return near ? ` Did you mean "${candidate}"?` : ` Known here: ${known.join(", ")}.`;
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let current: unknown = schema;
  for (const part of [...path, null]) {
    current = unwrap(current);
    const { shape, element } = current as { shape?: Record<string, unknown>; element?: unknown };
    if (part === null) return shape ? Object.keys(shape) : [];
    current = shape ? shape[String(part)] : element;
  }
  return [];
}

/** Steps inside defaults, optionals, pipes and the like, to the schema that has keys or elements. */
function unwrap(schema: unknown): unknown {
  let current = schema as { def?: { innerType?: unknown; in?: unknown; out?: unknown; type?: string } } | undefined;
  for (let next = inner(current); next !== undefined; next = inner(current)) current = next as typeof current;
  return current ?? {};
}

function inner(schema: { def?: { innerType?: unknown; in?: unknown; out?: unknown; type?: string } } | undefined): unknown {
  const def = schema?.def;
  if (def?.type === "pipe") return (def.in as { def?: { type?: string } })?.def?.type === "transform" ? def.out : def.in;
  return def?.innerType;
}

function at(values: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], values);
}

/** True for settings whose value must never be shown. */
export function isSecret(path: string): boolean {
  return /(^|[._])(token|password|secret|secret_key|api_key|access_key)$/i.test(path);
}

function hideSecrets(key: string, value: unknown): unknown {
  return isSecret(key) && value !== null ? "***" : value;
}
