/** Keeps web pages of other origins away: a browser lets every page send requests to servers of this machine. */
import { isIP } from "node:net";
import { Refused } from "../wire/problems.js";

const loopbackNames = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** True for an address or name that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return loopbackNames.test(host.replace(/^\[|\]$/g, ""));
}

export interface RequestOrigin {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/**
 * Throws `origin_refused` for a page of another origin. A server on loopback also refuses names other than `localhost`, because a page can
 * let its own name lead to this machine.
 */
export function refuseForeignPages({ host, origin }: RequestOrigin, listening: string): void {
  const target = urlOf(`http://${host ?? ""}`);
  if (origin !== undefined && urlOf(origin)?.host !== target?.host) {
    throw new Refused("origin_refused", "Requests of web pages must come from this server.");
  }
  if (!isLoopback(listening) || target === null) return;
  const name = target.hostname.replace(/^\[|\]$/g, "");
  if (isIP(name) === 0 && !isLoopback(name)) {
    throw new Refused("origin_refused", "Host: expected localhost or an address, found another name.");
  }
}

function urlOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
