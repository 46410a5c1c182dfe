/** Describes JSON Schemas in words, for the reference page. */
import type { JsonSchema } from "../wire/openapi-schemas.js";

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
}
type Components = Readonly<Record<string, JsonSchema>>;

/** The fields of an object, or of the objects in a list. Empty for other schemas. */
export function fieldsOf(schema: JsonSchema, components: Components): readonly Field[] {
  const { properties = {}, required = [], items } = resolved(schema, components);
  if (items !== undefined) return fieldsOf(items as JsonSchema, components);
  return Object.entries(properties).map(([name, field]) => ({
    name,
    type: typeOf(field as JsonSchema, components),
    isRequired: required.includes(name),
    description: resolved(field as JsonSchema, components).description ?? "",
  }));
}

/** Such as `text`, `list of number` or `cosine | ip | l2`. */
export function typeOf(schema: JsonSchema, components: Components): string {
  const { type, enum: values, const: only, anyOf, items, default: preset } = resolved(schema, components);
  const one = (each: unknown): string => typeOf(each as JsonSchema, components);
  const name = (): string => {
    if (values !== undefined) return values.map(String).join(" | ");
    if (only !== undefined) return String(only);
    if (anyOf !== undefined) return anyOf.map(one).join(" | ");
    if (type === "array") return `list of ${one(items ?? {})}`;
    return type === "string" ? "text" : String(type ?? "value");
  };
  return preset === undefined ? name() : `${name()}, default ${JSON.stringify(preset)}`;
}

function resolved(schema: JsonSchema, components: Components): JsonSchema {
  const name = schema.$ref?.replace("#/components/schemas/", "");
  return name === undefined ? schema : { ...components[name], ...schema };
}
