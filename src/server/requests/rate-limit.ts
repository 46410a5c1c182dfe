/** Limits how many requests each client may send per minute. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refused } from "../wire/problems.js";
import { loadRateLimit } from "./vendor.js";

export interface RateLimitOptions {
  readonly perMinute: number;
  /** Name of the client. null: its requests are not counted. */
  readonly clientOf: (request: FastifyRequest) => string | null;
}

/** Counts a request without a valid key, by the address of its client. Throws `rate_exceeded`. */
export type CountStranger = (request: FastifyRequest) => Promise<void>;

const timeWindow = "1 minute";

/** Must be called before the routes are added. Throws `part_missing`. */
export async function limitRates(app: FastifyInstance, { perMinute, clientOf }: RateLimitOptions): Promise<CountStranger> {
  const exceeded = ({ ttl }: { readonly ttl: number }): Refused =>
    new Refused("rate_exceeded", `Send at most ${perMinute} requests per minute.`, {
      headers: { "retry-after": String(Math.max(1, Math.ceil(ttl / 1000))) },
    });
  await app.register(await loadRateLimit(), {
    max: perMinute,
    timeWindow,
    cache: 10_000,
    keyGenerator: (request) => clientOf(request) ?? "",
    allowList: (request) => clientOf(request) === null,
    errorResponseBuilder: (_request, context) => exceeded(context),
  });
  const count = app.createRateLimit({ max: perMinute, timeWindow, keyGenerator: ({ ip }) => ip, allowList: [] });
  return async (request) => {
    const counted = await count(request);
    if (!counted.isAllowed && counted.isExceeded) throw exceeded(counted);
  };
}
