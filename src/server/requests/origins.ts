/** Keeps web pages of other origins away: a browser lets every page send requests to servers of this machine. */
import { isIP } from "node:net";
import type { Settings } from "../../app/index.js";
import { Refused } from "../wire/problems.js";

const loopbackNames = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** True for an address or name that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return loopbackNames.test(host.replace(/^\[|\]$/g, ""));
}

/** The headers of a request that say where it comes from. */
export interface RequestOrigin {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly "sec-fetch-site"?: string | string[] | undefined;
  readonly "sec-fetch-mode"?: string | string[] | undefined;
}

export interface OriginRules {
  /** Names under which this server may be called. "any": each name. */
  readonly hosts: ReadonlySet<string> | "any";
}

/**
 * The names of a server. A web page can let its own name lead to this machine, and where requests need no key, such a page could do everything.
 * So a server without keys, and one on loopback, takes `localhost`, addresses, and the names of `server.allowed_hosts`.
 */
export function originRules({ host, allowedHosts }: Pick<Settings["server"], "host" | "allowedHosts">, keys: "some" | "none"): OriginRules {
  const isOpen = keys === "some" && !isLoopback(host) && allowedHosts.length === 0;
  return { hosts: isOpen ? "any" : new Set(allowedHosts.map((name) => name.toLowerCase())) };
}

/** Throws `origin_refused` for a page of another origin, and for a name that is not one of this server. */
export function refuseForeignPages(request: RequestOrigin, { hosts }: OriginRules): void {
  const { host, origin } = request;
  const target = urlOf(`http://${host ?? ""}`);
  const isEmbedded = request["sec-fetch-site"] === "cross-site" && request["sec-fetch-mode"] !== "navigate";
  if (isEmbedded || (origin !== undefined && urlOf(origin)?.host !== target?.host)) {
    throw new Refused("origin_refused", "Requests of web pages must come from this server.");
  }
  if (hosts === "any" || target === null) return;
  const name = target.hostname.replace(/^\[|\]$/g, "");
  if (isIP(name) === 0 && !isLoopback(name) && !hosts.has(name)) {
    throw new Refused("origin_refused", "Host: expected localhost, an address, or a name in server.allowed_hosts, found another name.");
  }
}

function urlOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
