/** Checks what a request contains against its schema. */
import type { z } from "zod";
import { Refused } from "../wire/problems.js";

const maxErrors = 10;

/** Throws `request_invalid` with the place of each error, below `place`. The values of the request are not repeated. */
export function checked<T>(schema: z.ZodType<T>, value: unknown, place: readonly string[] = []): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues
    .slice(0, maxErrors)
    .map(({ path, message }) => ({ path: [...place, ...path.map(String)].join("."), message }));
  const [first] = errors;
  throw new Refused("request_invalid", first === undefined ? undefined : `${first.path || "the body"}: ${first.message}`, { errors });
}

/** Throws `request_invalid` for a text that is not JSON. */
export function parsedJson(text: string, field: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused("request_invalid", `${field}: expected JSON, found other text.`);
  }
}
