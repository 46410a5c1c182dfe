/** Reads settings from environment variables and `--set` flags. These settings override the configuration file. */
import type { z } from "zod";
import { HeadraceError } from "../contracts/index.js";
import { keysAt, schemaAt } from "./schema-tree.js";
import { yaml } from "./yaml.js";

export interface Overlay {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly origin: string;
}

export const variablePrefix = "HEADRACE_";

/**
 * Reads settings from environment variables. `HEADRACE_MILVUS__HOST=db` sets `milvus.host`; `__` separates section and key.
 * If a setting has exactly the name in the variable, that setting is used (`HEADRACE_MILVUS__M`). Otherwise case and `_` are ignored
 * (`HEADRACE_MILVUS__EFCONSTRUCTION`). A variable without `__` is used only if it names a setting at the top level (`HEADRACE_LOG_LEVEL`).
 * If the setting takes text, the value is the text of the variable. Otherwise the text is parsed as YAML.
 */
export function environmentOverlays(schema: z.ZodType, environment: Readonly<Record<string, string | undefined>>): readonly Overlay[] {
  return Object.entries(environment).flatMap(([name, text]) => {
    if (!name.startsWith(variablePrefix) || text === undefined) return [];
    const path = knownPath(schema, name.slice(variablePrefix.length).split("__"));
    if (path.length === 1 && schemaAt(schema, path) === undefined) return [];
    return [{ path, value: valueFor(schema, path, text, name), origin: name }];
  });
}

/** Parses the value of a `--set` flag, such as `milvus.host=db`. */
export function flagOverlay(schema: z.ZodType, assignment: string): Overlay {
  const equals = assignment.indexOf("=");
  if (equals < 1) {
    const [key = ""] = /^[\w.-]*/.exec(assignment) ?? [];
    throw new HeadraceError("usage_invalid", `--set: expected key.path=value, found "${key}…" without "="`, {
      hint: "For example: --set preprocess.batch_size=64",
    });
  }
  const key = assignment.slice(0, equals).trim();
  const path = key.split(".");
  return { path, value: valueFor(schema, path, assignment.slice(equals + 1), `--set ${key}`), origin: `--set ${key}` };
}

/** Finds the path of a setting from the parts of a variable's name. `parts` are the texts between `__`. */
export function knownPath(schema: z.ZodType, parts: readonly string[]): readonly string[] {
  const path: string[] = [];
  for (const part of parts) path.push(knownKey(keysAt(schema, path), part));
  return path;
}

function knownKey(known: readonly string[], part: string): string {
  const plain = (key: string): string => key.toLowerCase().replaceAll("_", "");
  const lower = part.toLowerCase();
  const sameCase = known.find((key) => key === part) ?? known.find((key) => key === lower);
  return sameCase ?? known.find((key) => plain(key) === plain(part)) ?? lower;
}

function valueFor(schema: z.ZodType, path: readonly string[], text: string, origin: string): unknown {
  const leaf = schemaAt(schema, path);
  if (leaf === undefined) return text;
  const isNull = (text === "" || text === "null") && leaf.safeParse(null).success;
  if (isNull) return null;
  return leaf.safeParse(text).success ? text : parsed(text, origin);
}

function parsed(text: string, origin: string): unknown {
  try {
    return yaml().parse(text, { prettyErrors: false, logLevel: "error" });
  } catch {
    // `cause` is not set, because the message of the parser quotes the value, which may be a secret.
    throw new HeadraceError("config_invalid", `${origin}: expected valid YAML, found other text`, {
      hint: "Quote text with special characters.",
    });
  }
}
