/** Recognises repeated requests by their `Idempotency-Key`. */
import { createHash, type Hash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Refused } from "../wire/problems.js";
import type { Route } from "./route.js";

/** Printable ASCII without spaces. */
export const idempotencyKeyPattern = "^[\\x21-\\x7e]{1,255}$";

/** Operations that change something and whose body is in memory. Jobs keep the keys of their requests themselves. */
export function isRepeatable({ method, scope, stream }: Route): boolean {
  return method === "POST" && (scope === "write" || scope === "admin") && stream === undefined;
}

/** Returns the key that belongs to a client and an operation; null without `Idempotency-Key`. Throws `request_invalid`. */
export function idempotencyKeyOf(each: Route, headers: IncomingHttpHeaders, client: string | null): string | null {
  const key = headers["idempotency-key"];
  if (key === undefined || !isRepeatable(each)) return null;
  if (typeof key === "string" && new RegExp(idempotencyKeyPattern).test(key)) return JSON.stringify([client, each.name, key]);
  throw new Refused("request_invalid", "Idempotency-Key: expected at most 255 printable characters without spaces, found others.");
}

/** Equal for equal parameters, bodies and headers. */
export function fingerprintOf(...values: readonly unknown[]): string {
  const hash = createHash("sha256");
  add(hash, values);
  return hash.digest("base64");
}

function add(hash: Hash, value: unknown): void {
  if (value instanceof Uint8Array) hash.update(`bytes ${value.byteLength}:`).update(value);
  else if (typeof value === "object" && value !== null) {
    hash.update("{");
    for (const [key, inner] of Object.entries(value)) {
      hash.update(JSON.stringify(key));
      add(hash, inner);
    }
    hash.update("}");
  } else hash.update(`${typeof value} ${value};`);
}
