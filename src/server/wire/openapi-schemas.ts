/** JSON Schemas of the document. Schemas with an `id` become components, which other schemas refer to. */
import * as z from "zod";

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export class ComponentSchemas {
  readonly #found = new Map<string, JsonSchema>();

  /** The components of all schemas so far, by name, in alphabetical order. */
  get components(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Converts what a client sends ("input": fields with defaults may be absent) or gets ("output"). Returns a reference for a schema with an `id`. */
  of(schema: z.ZodType, io: "input" | "output"): JsonSchema {
    const { properties, $defs } = z.toJSONSchema(z.object({ it: schema }), { io, unrepresentable: "any" });
    for (const [name, definition] of Object.entries($defs ?? {})) {
      const { id: _, ...plain } = definition as JsonSchema & { readonly id?: string };
      this.#found.set(name, relocated(plain));
    }
    return relocated((properties?.["it"] ?? {}) as JsonSchema);
  }
}

function relocated(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
}
