/** Converts setting names: snake_case in configuration files, camelCase in code. */
import type { z } from "zod";
import { core } from "./schema-core.js";

interface Setting {
  readonly inCode: string;
  readonly inFiles: string;
  readonly schema: z.ZodType;
}

type OnUnknown = (path: readonly string[]) => void;

/**
 * Returns the settings of a section. Returns an empty list if the schema is not a section. A schema can set another name for files with
 * `.meta({ inFiles: "efConstruction" })`.
 */
export function settingsOf(schema: z.ZodType): readonly Setting[] {
  return Object.entries(core(schema).shape ?? {}).map(([inCode, setting]) => {
    const spelled = setting.meta()?.["inFiles"];
    const inFiles = typeof spelled === "string" ? spelled : inCode.replace(/(?!^)[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return { inCode, inFiles, schema: setting };
  });
}

/** Replaces the names in code by the names in files. Unknown keys are not changed. */
export function namedForFiles(schema: z.ZodType, settings: unknown): unknown {
  return renamed(schema, settings, ["inCode", "inFiles"], null, []);
}

/**
 * Replaces the names in files by the names in code. Unknown keys are left out. `onUnknown` receives the path of each unknown key: the
 * section with its names in code, then the key.
 */
export function namedForCode(schema: z.ZodType, settings: unknown, onUnknown: OnUnknown): unknown {
  return renamed(schema, settings, ["inFiles", "inCode"], onUnknown, []);
}

/** Converts the path of a setting with its names in code to the path with its names in files. */
export function pathInFiles(schema: z.ZodType, [part, ...rest]: readonly PropertyKey[]): PropertyKey[] {
  if (part === undefined) return [];
  const setting = settingsOf(schema).find(({ inCode }) => inCode === part);
  const next = setting?.schema ?? core(schema).element;
  return [setting?.inFiles ?? part, ...(next === undefined ? rest : pathInFiles(next, rest))];
}

function renamed(
  schema: z.ZodType,
  value: unknown,
  names: readonly ["inCode" | "inFiles", "inCode" | "inFiles"],
  onUnknown: OnUnknown | null,
  path: readonly string[],
): unknown {
  const { element } = core(schema);
  const within = (inner: z.ZodType, key: string, part: unknown) => renamed(inner, part, names, onUnknown, [...path, key]);
  if (Array.isArray(value)) return element === undefined ? value : value.map((part, index) => within(element, String(index), part));
  const settings = settingsOf(schema);
  // The keys of a map such as `headers` are chosen by the user. These keys are not changed.
  if (settings.length === 0 || typeof value !== "object" || value === null) return value;
  const [from, to] = names;
  const entries = Object.entries(value).flatMap(([key, part]: [string, unknown]) => {
    const setting = settings.find((each) => each[from] === key);
    if (setting !== undefined) return [[setting[to], within(setting.schema, setting.inCode, part)] as const];
    onUnknown?.([...path, key]);
    return onUnknown === null ? [[key, part] as const] : [];
  });
  return Object.fromEntries(entries);
}
