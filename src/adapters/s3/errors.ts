/** Translates errors of the AWS client. Their texts are passed on, which name a key id at most, never a secret. */
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";

const install = "npm install @aws-sdk/client-s3";
const credentialHint =
  "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws. For public buckets: --set s3.anonymous=true.";

export function packageMissing(cause: unknown): never {
  throw new HeadraceError("part_missing", "reading s3: expected the package @aws-sdk/client-s3, found none", { hint: install, cause });
}

const codes: Readonly<Record<string, ErrorCode>> = {
  NoSuchKey: "source_not_found",
  NotFound: "source_not_found",
  NoSuchBucket: "source_not_found",
  AccessDenied: "source_forbidden",
  Forbidden: "source_forbidden",
  InvalidObjectState: "source_unreadable",
};

/** These concern the credentials, and so every object. */
const credentialErrors: ReadonlySet<string> = new Set([
  "CredentialsProviderError",
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidAccessKeyId",
  "InvalidToken",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
  "TokenRefreshRequired",
]);

/** The error of one object. Scope "run": the credentials do not work, so no object can be read. */
export function objectError(cause: unknown, uri: string): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const code = codeOf(cause);
  if (cause instanceof Error && credentialErrors.has(cause.name)) {
    const message = `${uri}: expected credentials that the server accepts, found ${wordsOf(cause)}`;
    const hint = `${credentialHint} Then run the same command again: it skips what is stored.`;
    return new HeadraceError("source_forbidden", message, { scope: "run", item: uri, retryable: false, hint, cause });
  }
  return new HeadraceError(code, `${uri}: ${wordsOf(cause)}`, {
    scope: "item",
    item: uri,
    // The client has tried failed requests again. A body that ends too early has no such metadata: the engine tries it again.
    retryable: cause instanceof Error && !("$metadata" in cause) && code === "source_unreadable",
    cause,
    ...(code === "source_forbidden" ? { hint: credentialHint } : {}),
  });
}

/** Returns whether the server has answered, and only this object cannot be had. */
export function isAnswer(cause: unknown): boolean {
  const status = statusOf(cause) ?? 500;
  return status < 500 && status !== 429 && !(cause instanceof Error && credentialErrors.has(cause.name));
}

/** The error for a file that took longer than the setting allows. */
export function tooLate(uri: string, setting: string): HeadraceError {
  const hint = `Raise \`${setting}\` if the server is only slow.`;
  return new HeadraceError("timed_out", `${uri}: not complete within ${setting}`, { scope: "item", item: uri, hint, retryable: false });
}

/** The error for an object that does not arrive whole. Another attempt may succeed. */
export function brokenOff(uri: string, expectedAndFound: string): HeadraceError {
  return new HeadraceError("source_unreadable", `${uri}: expected ${expectedAndFound}`, { scope: "item", item: uri, retryable: true });
}

/** The error of a listing that cannot continue. */
export function listingError(cause: unknown, uri: string): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const hint = codeOf(cause) === "source_forbidden" ? { hint: credentialHint } : {};
  return new HeadraceError("source_failed", `Cannot list ${uri}: ${wordsOf(cause)}`, { item: uri, cause, ...hint });
}

/** Returns whether the server says that the object is as it was. */
export function isUnchanged(cause: unknown): boolean {
  return statusOf(cause) === 304;
}

/** Returns whether the object has changed since its first bytes were sent. */
export function hasChangedMeanwhile(cause: unknown): boolean {
  return [412, 416].includes(statusOf(cause) ?? 0);
}

export function isMissing(cause: unknown): boolean {
  return codeOf(cause) === "source_not_found" || statusOf(cause) === 404;
}

function codeOf(cause: unknown): ErrorCode {
  const name = cause instanceof Error ? cause.name : "";
  if (name === "TimeoutError") return "timed_out";
  const status = statusOf(cause);
  if (credentialErrors.has(name)) return "source_forbidden";
  return codes[name] ?? (status === 403 || status === 401 ? "source_forbidden" : status === 404 ? "source_not_found" : "source_unreadable");
}

function statusOf(cause: unknown): number | undefined {
  return (cause as { readonly $metadata?: { readonly httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}

function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.name === "Error" || cause.message.includes(cause.name) ? cause.message : `${cause.name}: ${cause.message}`;
}
