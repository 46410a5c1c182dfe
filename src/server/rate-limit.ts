/** Limits how many requests each client may send per minute. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refused } from "./problems.js";
import { loadRateLimit } from "./vendor.js";

export interface RateLimitOptions {
  readonly perMinute: number;
  /** Name of the client. null: its requests are not counted. */
  readonly clientOf: (request: FastifyRequest) => string | null;
}

/** Must be called before the routes are added. Throws `part_missing`. */
export async function limitRates(app: FastifyInstance, { perMinute, clientOf }: RateLimitOptions): Promise<void> {
  await app.register(await loadRateLimit(), {
    max: perMinute,
    timeWindow: "1 minute",
    cache: 10_000,
    keyGenerator: (request) => clientOf(request) ?? "",
    allowList: (request) => clientOf(request) === null,
    errorResponseBuilder: (_request, { ttl }) => {
      const seconds = Math.max(1, Math.ceil(ttl / 1000));
      return new Refused("rate_exceeded", `Send at most ${perMinute} requests per minute.`, {
        headers: { "retry-after": String(seconds) },
      });
    },
  });
}
