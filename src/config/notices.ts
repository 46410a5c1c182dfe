/** Finds settings that are allowed but have no effect. Such a setting has `.meta({ ignored: "why" })` in its schema. */
import type { z } from "zod";
import { schemaAt } from "./schema-tree.js";

/** Returns one message per setting that has no effect and whose value is not the default. */
export function ignoredSettings(schema: z.ZodType, values: unknown, origins: ReadonlyMap<string, string>): readonly string[] {
  return given(values, []).flatMap(({ path, value }) => {
    const at = schemaAt(schema, path);
    const why = at?.meta()?.["ignored"];
    if (at === undefined || typeof why !== "string" || value === at.parse(undefined)) return [];
    const key = path.join(".");
    return [`"${key}" (${origins.get(key) ?? "configuration"}) has no effect: ${why}.`];
  });
}

function given(value: unknown, path: readonly string[]): readonly { readonly path: readonly string[]; readonly value: unknown }[] {
  if (typeof value !== "object" || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => given(inner, [...path, key]));
}
