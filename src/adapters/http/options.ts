/** The `http` section of the configuration. This file does not import undici. */
import { isIP } from "node:net";
import * as z from "zod";

const seconds = (fallback: number, description: string) =>
  z.number().positive("expected a number of seconds above 0").default(fallback).describe(description);
const count = (fallback: number, least: number, description: string) => z.int().min(least).default(fallback).describe(description);

export const httpSection = z.strictObject({
  connections: count(8, 1, "Concurrent requests per host."),
  connectTimeout: seconds(10, "Maximum seconds to resolve the host name and to connect."),
  firstByteTimeout: seconds(30, "Maximum seconds from the request until the headers of the response."),
  timeout: seconds(120, "Maximum seconds per image, without the pauses between retries."),
  maxRedirects: count(5, 0, "Redirects that are followed per image."),
  maxRetries: count(6, 0, "Retries per image after a lost connection, or after status 408, 425, 429, 500, 502, 503 or 504."),
  retryDelay: z.number().min(0).default(0.5).describe("Maximum seconds before the first retry. Doubles with each further retry."),
  maxRetryAfter: seconds(60, "Longest `Retry-After` of a server that is obeyed. An image fails if the server asks for a longer pause."),
  headers: z
    .record(
      z.string().regex(/^[a-z0-9_.-]+$/i, "expected the name of a header"),
      z.string().regex(/^[\x20-\x7e]*$/, "expected printable ASCII"),
    )
    .default({})
    .describe("Headers of every request to a host in `headers_for`. The values are treated as secrets."),
  headersFor: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Hosts that get `headers`, such as images.example.com (https alone) or nas.local:8080. Other hosts and ports never see these headers.",
    ),
  network: z
    .enum(["any", "public"])
    .default("any")
    .describe(
      "public: addresses of private networks, of this machine and of cloud metadata services are refused. Use it for URLs of strangers.",
    ),
  allow: z
    .array(z.string().refine(isHostOrNetwork, "expected a host name, an IP address, or a network such as 10.0.0.0/8"))
    .default([])
    .describe("Hosts and networks that are allowed even if `network` is public."),
});

export type HttpSettings = z.output<typeof httpSection>;

/** Returns true for an address, a network in CIDR notation, or a host name. */
function isHostOrNetwork(text: string): boolean {
  const [host = "", prefix, ...rest] = text.split("/");
  if (rest.length > 0) return false;
  if (prefix === undefined) return isIP(host) !== 0 || /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(host);
  const bits = isIP(host) === 6 ? 128 : 32;
  return isIP(host) !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}
