/** Finds the schema of a setting by the path of the setting, and describes the allowed values in words. */
import * as z from "zod";
import { settingsOf } from "./casing.js";
import { core, type Inner, isPreprocessed } from "./schema-core.js";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * Returns the schema of the setting at a path. The path uses the names in files. The schema includes the default and `nullable`. Returns
 * undefined if there is no such setting.
 */
export function schemaAt(schema: z.ZodType, [part, ...rest]: readonly PropertyKey[]): z.ZodType | undefined {
  if (part === undefined) return schema;
  const { def, element } = core(schema);
  const setting = settingsOf(schema).find(({ inFiles }) => inFiles === part)?.schema;
  const next = setting ?? def?.items?.[Number(part)] ?? element;
  return next === undefined ? undefined : schemaAt(next, rest);
}

/** Returns the keys of the section at a path, or an empty list if there is no section. The keys and the path use the names in files. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const at = schemaAt(schema, path);
  return at === undefined ? [] : settingsOf(at).map(({ inFiles }) => inFiles);
}

/** Describes the allowed values in words, for example `a whole number, 1 to 65535, or null`. */
export function takes(schema: z.ZodType): string {
  return phrase(jsonSchemaOf(schema));
}

/** Returns the JSON Schema of the configuration file. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema as Inner;
      delete jsonSchema["inFiles"];
      if (def?.type === "object") nameForFiles(jsonSchema, zodSchema as unknown as z.ZodType);
      if (def?.out === undefined || !isPreprocessed(def)) return;
      const { $schema: _, ...output } = jsonSchemaOf(def.out);
      Object.assign(jsonSchema, output);
    },
  });
}

function nameForFiles(json: JsonSchema, section: z.ZodType): void {
  const names = new Map(settingsOf(section).map(({ inCode, inFiles }) => [inCode, inFiles]));
  const named = (key: string) => names.get(key) ?? key;
  json.properties = Object.fromEntries(Object.entries(json.properties ?? {}).map(([key, inner]) => [named(key), inner]));
  if (json.required !== undefined) json.required = json.required.map(named);
}

function phrase(json: JsonSchema): string {
  if (json.const !== undefined) return JSON.stringify(json.const);
  if (json.enum !== undefined)
    return `one of ${json.enum.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(", ")}`;
  if (json.anyOf !== undefined) return alternatives(json.anyOf as JsonSchema[]);
  if (Array.isArray(json.type)) return alternatives((json.type as readonly string[]).map((type) => ({ ...json, type }) as JsonSchema));
  switch (json.type) {
    case "integer":
      return `a whole number${range(json)}`;
    case "number":
      return `a number${range(json)}`;
    case "string":
      return json.pattern === undefined ? "text" : `text that matches ${json.pattern}`;
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "array":
      return listPhrase(json);
    case "object":
      return json.properties === undefined && typeof json.additionalProperties === "object" ? "a map of names to text" : "a section";
    default:
      return "a value";
  }
}

function alternatives(parts: readonly JsonSchema[]): string {
  const constants = parts.filter((part) => part.const !== undefined);
  const others = parts.filter((part) => part.const === undefined).map(phrase);
  if (constants.length > 1) others.unshift(`one of ${constants.map((part) => JSON.stringify(part.const)).join(", ")}`);
  else others.unshift(...constants.map(phrase));
  return others.length === 2 && others[1] === "null" ? `${others[0]}, or null` : others.join(" or ");
}

function listPhrase({ prefixItems, items, minItems }: JsonSchema): string {
  if (prefixItems !== undefined) return `a list of ${prefixItems.length}, each ${phrase(prefixItems[0] as JsonSchema)}`;
  const each = typeof items === "object" && !Array.isArray(items) ? phrase(items as JsonSchema) : "a value";
  return `a list${minItems === undefined ? "" : ` of at least ${minItems}`}, each ${each}`;
}

function range({ minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  const low = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const high = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (typeof exclusiveMinimum === "number") return ` above ${exclusiveMinimum}`;
  if (low !== undefined && high !== undefined) return `, ${low} to ${high}`;
  return low === undefined ? "" : ` of at least ${low}`;
}
