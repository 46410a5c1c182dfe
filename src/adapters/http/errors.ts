/** Translates HTTP answers and errors of undici into the error of one image. */
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";

const statusCodes: Readonly<Record<number, ErrorCode>> = {
  401: "source_forbidden",
  403: "source_forbidden",
  404: "source_not_found",
  407: "source_forbidden",
  410: "source_not_found",
  451: "source_forbidden",
};
const transientStatus: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const statusHint = "Open the URL in a browser. Servers that need a login get a header from `http.headers`.";

/** The error for an answer whose status is not 200. `retryable`: another attempt may succeed. */
export function fromStatus(url: string, status: number, retryAfterMs: number | null, then: "try again" | "give up"): HeadraceError {
  const isTransient = transientStatus.has(status);
  const code = statusCodes[status] ?? "source_unreadable";
  const asked = retryAfterMs === null ? "" : `, to be asked again in ${Math.ceil(retryAfterMs / 1000)} s`;
  return new HeadraceError(code, `${url}: expected status 200, found ${status}${asked}`, {
    item: url,
    retryable: isTransient && then === "try again",
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
    ...(isTransient ? {} : { hint: statusHint }),
  });
}

/** Returns whether the server has answered, and only this address does not work. A request without an answer has a cause. */
export function isAnswer(error: unknown): boolean {
  return HeadraceError.is(error) && error.code !== "timed_out" && !error.retryable && error.cause === undefined;
}

const late: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: "http.connect_timeout",
  UND_ERR_HEADERS_TIMEOUT: "http.first_byte_timeout",
};

/** The error for a request that brought no answer, or an answer that ended too early. `retryable`: another attempt may succeed. */
export function fromFailure(url: string, cause: unknown): HeadraceError {
  const known = HeadraceError.is(cause) ? cause : headraceErrorIn(cause);
  if (known !== null) return withItem(known, url);
  const code = codeOf(cause);
  const setting = late[code];
  if (setting !== undefined) return tooLate(url, setting, { retryable: true, cause });
  const reason = cause instanceof Error ? cause.message || code : String(cause);
  const isUnknownHost = code === "ENOTFOUND";
  return new HeadraceError(isUnknownHost ? "source_not_found" : "source_unreadable", `${url}: the request failed: ${reason}`, {
    item: url,
    retryable: !isUnknownHost && !code.startsWith("CERT_") && !code.includes("_CERT"),
    cause,
    ...(isUnknownHost ? { hint: "Check the host name of the URL." } : {}),
  });
}

/** The error for a request that took longer than the setting allows. */
export function tooLate(
  url: string,
  setting: string,
  options: { readonly retryable: boolean; readonly cause?: unknown } = { retryable: false },
): HeadraceError {
  return new HeadraceError("timed_out", `${url}: no complete answer within ${setting}`, {
    scope: "item",
    item: url,
    hint: `Raise \`${setting}\` if the server is only slow.`,
    ...options,
  });
}

export function tooLarge(url: string, maxBytes: number, found: string): HeadraceError {
  return new HeadraceError("source_too_large", `${url}: expected at most ${maxBytes} bytes, found ${found}`, { item: url });
}

/** The error for an answer or a redirect that Headrace does not accept. */
export function unreadable(url: string, expected: string, found: string): HeadraceError {
  return new HeadraceError("source_unreadable", `${url}: expected ${expected}, found ${found}`, { item: url, retryable: false });
}

/** The error for a file that does not arrive whole. Another attempt may succeed. */
export function brokenOff(url: string, expectedAndFound: string): HeadraceError {
  return new HeadraceError("source_unreadable", `${url}: expected ${expectedAndFound}`, { item: url, retryable: true });
}

function withItem(error: HeadraceError, item: string): HeadraceError {
  if (error.item !== undefined) return error;
  return new HeadraceError(error.code, `${item}: ${error.message}`, { ...error.toJSON(), item, cause: error.cause });
}

/** Net and TLS errors wrap the error of a lookup: an error of several addresses holds one for each. */
function headraceErrorIn(error: unknown): HeadraceError | null {
  for (const inner of [(error as { cause?: unknown } | null)?.cause, ...((error as Partial<AggregateError> | null)?.errors ?? [])])
    if (HeadraceError.is(inner)) return inner;
  return null;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

export function missingPackage(cause: unknown): never {
  throw new HeadraceError("part_missing", "reading URLs: expected the package undici, found none", { hint: "npm install undici", cause });
}
