/** One attempt to fetch an image or another file: a GET request, and the requests to which the answers redirect. */
import type { Dispatcher } from "undici";
import type { HeadraceError } from "../../contracts/index.js";
import { type Untimed, urlUri } from "../../kit/index.js";
import { discard } from "./body.js";
import { fromFailure, fromStatus, unreadable } from "./errors.js";
import type { Guard } from "./guard.js";
import type { HttpSettings } from "./options.js";
import type { HostPauses } from "./pauses.js";
import { retryAfterMs } from "./retry-after.js";

export interface Exchange {
  readonly dispatcher: Dispatcher;
  readonly guard: Guard;
  readonly pauses: HostPauses;
  /** Runs the wait for the pause of a host. Default: it counts like any other time. */
  readonly untimed?: Untimed;
  readonly settings: Pick<HttpSettings, "headers" | "headersFor" | "maxRedirects" | "firstByteTimeout" | "maxRetryAfter">;
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface Wanted<T> {
  /** How errors name the file. */
  readonly shown: string;
  /** The file is sent only if it has another version now. Null: it is always sent. */
  readonly storedVersion: string | null;
  /** Headers of every request, such as `accept`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Reads the body of an answer with status 200, or 206 if the headers ask for a range. */
  readonly take: (answer: Dispatcher.ResponseData) => Promise<T>;
}

/** Returns null if the server says that the file has not changed. Throws the error of the file. `retryable`: another attempt may succeed. */
export async function fetchOnce<T>(
  location: string,
  { shown, storedVersion, headers, take }: Wanted<T>,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<T | null> {
  let url = new URL(location);
  try {
    for (let hop = 0; hop <= exchange.settings.maxRedirects; hop++) {
      const answer = await request(url, { ...headers, ...conditionOf(storedVersion) }, exchange, signal);
      if (answer.statusCode === 200 || (answer.statusCode === 206 && headers["range"] !== undefined)) return await take(answer);
      discard(answer.body);
      if (answer.statusCode === 304 && storedVersion !== null) return null;
      if (!redirects.has(answer.statusCode)) throw refusal(url, shown, answer, exchange);
      url = target(url, shown, single(answer.headers["location"]));
    }
    throw unreadable(
      shown,
      `at most ${exchange.settings.maxRedirects} redirects (http.max_redirects)`,
      `another one, to ${urlUri(url.href)}`,
    );
  } catch (error) {
    throw fromFailure(shown, error);
  }
}

/** The server's ETag, else its Last-Modified. null: the server sends neither. */
export function versionOf({ headers }: Pick<Dispatcher.ResponseData, "headers">): string | null {
  return single(headers["etag"]) ?? single(headers["last-modified"]) ?? null;
}

async function request(
  url: URL,
  wanted: Wanted<unknown>["headers"],
  { dispatcher, guard, pauses, untimed = (wait) => wait(), settings }: Exchange,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  guard.checkHost(url.hostname);
  await untimed(() => pauses.ended(url.host, signal));
  return await dispatcher.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: "GET",
    headers: {
      "accept-encoding": "identity",
      "user-agent": "headrace",
      ...wanted,
      ...headersFor(url, settings),
    },
    headersTimeout: settings.firstByteTimeout * 1000,
    bodyTimeout: settings.firstByteTimeout * 1000,
    signal,
  });
}

/** A version is what the server sent: an ETag, which has quotation marks, or a date. */
function conditionOf(storedVersion: string | null): Readonly<Record<string, string>> {
  if (storedVersion === null) return {};
  return /^(W\/)?"[\x20-\x7e]*"$/.test(storedVersion) ? { "if-none-match": storedVersion } : dateCondition(storedVersion);
}

function dateCondition(storedVersion: string): Readonly<Record<string, string>> {
  return /^[A-Z][a-z]{2}, [\x20-\x7e]+ GMT$/.test(storedVersion) ? { "if-modified-since": storedVersion } : {};
}

/** The configured headers go only to the hosts that the configuration names, and the URL's own user only to the host of that URL. */
function headersFor(url: URL, { headers, headersFor }: Pick<HttpSettings, "headers" | "headersFor">): Readonly<Record<string, string>> {
  const user = url.username === "" ? {} : { authorization: `Basic ${btoa(decodeURIComponent(`${url.username}:${url.password}`))}` };
  const isNamed = headersFor.some((entry) => isNamedBy(entry, url));
  return isNamed ? { ...user, ...headers } : user;
}

/** An entry without a port means the usual one of https. Without encryption, everybody on the way could read the headers. */
function isNamedBy(entry: string, { protocol, hostname, port }: URL): boolean {
  const usualPort = protocol === "https:" ? "443" : "80";
  return entry === `${hostname}:${port || usualPort}` || (entry === hostname && protocol === "https:" && port === "");
}

function refusal(url: URL, shown: string, { statusCode, headers }: Dispatcher.ResponseData, { pauses, settings }: Exchange): HeadraceError {
  const waitMs = retryAfterMs(single(headers["retry-after"]), Date.now());
  const isTooLong = waitMs !== null && waitMs > settings.maxRetryAfter * 1000;
  if (waitMs !== null && !isTooLong) pauses.extend(url.host, waitMs);
  return fromStatus(shown, statusCode, waitMs, isTooLong ? "give up" : "try again");
}

function target(from: URL, shown: string, location: string | undefined): URL {
  const next = location === undefined || !URL.canParse(location, from.href) ? null : new URL(location, from);
  if (next?.protocol === "http:" || next?.protocol === "https:") return next;
  throw unreadable(
    shown,
    "a redirect to http: or https:",
    next === null ? "a redirect without a valid location" : `a redirect to ${next.protocol}`,
  );
}

export function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
