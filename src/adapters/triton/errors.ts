/** Translates errors of Triton, HTTP and gRPC into `HeadraceError`s. No other file inspects the text of such errors. */
import { type ErrorCode, type ErrorOptions, HeadraceError } from "../../contracts/index.js";

/** Name of the call in the message of an `aborted` error. */
export const requestToTriton = "request to Triton";

export interface Target {
  /** The server's URL as the user configured it. */
  readonly server: string;
  readonly model: string;
}

/** Why a request was refused, in the same form for HTTP and gRPC. */
export interface Refusal {
  /**
   * "busy": the server is overloaded. "invalid": Triton found the request invalid. "failed": the model raised an error. "missing": another
   * service answered, or Triton does not know the path. "forbidden": access denied. "too large": a proxy refused the body size. "away": the
   * model, the server, or a proxy before the server is down.
   */
  readonly kind: "busy" | "invalid" | "failed" | "missing" | "forbidden" | "too large" | "away";
  /** The error text in the answer. */
  readonly message: string;
  /** The status code, which is put before the error text in messages: `404`, `gRPC 5:`. */
  readonly status: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

// Each pattern matches only at the start of Triton's error text, because an error raised by the model may contain any text.
const startsWith = (sentences: string) => new RegExp(`^(?:\\[request id: [^\\]]*\\] )?(?:in ensemble '[^']*', )?(?:${sentences})`, "i");
const queueFull = startsWith("Exceeds maximum queue size");
const modelGone = startsWith("Request for unknown model ?:");
const modelDied = startsWith("Stub process '[^']*' is not healthy|Launch stub process failed|Failed to (?:fork|launch) the stub process");
const regionGone = startsWith("Unable to find (?:system )?shared memory region");
const modelChanged = startsWith(
  "unexpected inference (?:input|output)|unexpected shape|inference input '.*' data-type is|" +
    "inference request batch-size must be|expected \\d+ inputs|.*byte size mismatch",
);
const batchTooLarge = startsWith("inference request batch-size must be <= (\\d+)");
const restricted = /is restricted, expecting header '([^']*)'/;
const reload = "Load the model again (`POST /v2/repository/models/NAME/load`), or restart the server.";

/** The cause of a translated error. Holds the refusal, which functions such as `isRegionLost` inspect. */
class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message, { cause: refusal.cause });
  }
}

/** True when the server does not know a shared memory region that was registered: the server was restarted. */
export function isRegionLost(error: unknown): boolean {
  return regionGone.test(refusalIn(error)?.message ?? "");
}

export function isTooLarge(error: unknown): boolean {
  return refusalIn(error)?.kind === "too large";
}

/**
 * True when this kind of call is refused although other calls may work: Triton can restrict protocol extensions, and a proxy can block a
 * path.
 */
export function isWithheld(error: unknown): boolean {
  const kind = refusalIn(error)?.kind;
  return kind === "forbidden" || kind === "missing";
}

/** True if Triton refused the call because a header is missing: `--http-restricted-api` and `--grpc-restricted-protocol` require one. */
export function isRestricted(message: string): boolean {
  return restricted.test(message);
}

/** Returns the maximum batch size that Triton's error text names, else null. */
export function rowLimitIn(error: unknown): number | null {
  const found = batchTooLarge.exec(refusalIn(error)?.message ?? "")?.[1];
  return found === undefined ? null : Number(found);
}

/** For errors of a server that has worked before. The settings were right then, so `config_invalid` becomes `embedder_unavailable`. */
export function outageIfWorked(error: HeadraceError): HeadraceError {
  if (error.code !== "config_invalid") return error;
  return new HeadraceError("embedder_unavailable", error.message, {
    cause: error,
    hint: `The server worked before, so Headrace waits for it. If the error persists: ${error.hint}`,
  });
}

/**
 * For errors of a probe request. A probe contains no user images, so the server is at fault, not the batch: an error of scope `batch` or
 * `item` becomes `embedder_unavailable`.
 */
export function asAway(error: unknown): HeadraceError {
  const known = HeadraceError.from(error);
  if (known.scope === "service" || known.scope === "run") return known;
  return new HeadraceError("embedder_unavailable", known.message, { cause: error, hint: known.hint });
}

export function translateRefusal(refusal: Refusal, target: Target): HeadraceError {
  const { message, status } = refusal;
  const text = `Triton ${target.server}, model ${target.model}: expected success, found ${`${status} ${message || "no message"}`.trim()}`;
  const make = (code: ErrorCode, options: ErrorOptions = {}) => new HeadraceError(code, text, { ...options, cause: new Refused(refusal) });
  if (refusal.kind === "busy" || (refusal.kind === "away" && queueFull.test(message))) {
    const { retryAfterMs } = refusal;
    return make("overloaded", retryAfterMs === undefined ? {} : { retryAfterMs });
  }
  const header = restricted.exec(message)?.[1];
  if (header !== undefined) return make("config_invalid", { hint: `Set triton.headers to { "${header}": … }.` });
  if (regionGone.test(message)) return make("embedder_unavailable");
  if (modelGone.test(message)) return make("embedder_unavailable", { hint: `The model is not loaded. ${reload}` });
  if (modelDied.test(message)) return make("embedder_unavailable", { hint: `The model's process has died. ${reload}` });
  switch (refusal.kind) {
    case "away":
      return make("embedder_unavailable");
    case "forbidden":
      return make("config_invalid", { hint: "Check triton.url and triton.headers: the server, or a proxy before it, denies access." });
    case "missing":
      return make("config_invalid", {
        hint: "Check triton.url: the server does not speak the KServe v2 protocol (Triton's HTTP port is 8000, its gRPC port 8001).",
      });
    case "too large":
      return make("inference_failed", { hint: bodyLimitHint });
    case "invalid":
      if (!modelChanged.test(message)) return make("inference_failed");
      return make("model_mismatch", {
        hint: "Start the run again: the model changed during this run, and its inputs and outputs must be read again.",
      });
    case "failed":
      return make("inference_failed");
    default:
      return refusal.kind satisfies never;
  }
}

export const bodyLimitHint = "Raise the body limit of the proxy before Triton (nginx: client_max_body_size).";

function refusalIn(error: unknown): Refusal | null {
  return HeadraceError.is(error) && error.cause instanceof Refused ? error.cause.refusal : null;
}

/** Translates the error of a connection that could not be opened or was lost. */
export function translateBroken(error: unknown, target: Target): HeadraceError {
  if (HeadraceError.is(error)) return error;
  const code = codeOf(error);
  const reason = `${code} ${error instanceof Error ? error.message : String(error)}`.trim();
  const text = `Triton ${target.server}: expected a connection, found ${reason}`;
  if (/^HPE_|HTTPParserError/.test(code)) {
    return new HeadraceError("config_invalid", text, {
      cause: error,
      hint: "Set triton.url to Triton's HTTP port (8000), or triton.transport to grpc: the port does not speak HTTP/1.1.",
    });
  }
  if (/^ERR_(TLS|SSL)|CERT|SELF_SIGNED|EPROTO/.test(code)) {
    return new HeadraceError("config_invalid", text, {
      cause: error,
      hint: "Check the scheme of triton.url. Set triton.ca_file for a private authority, triton.server_name if the certificate has another name.",
    });
  }
  return new HeadraceError("embedder_unavailable", text, { cause: error });
}

/** An error of grpc-js. */
export interface GrpcError extends Error {
  readonly code: number;
  /** The error text, written by Triton or by grpc-js. */
  readonly details: string;
}

const grpcStatus = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export function translateGrpc(error: GrpcError, target: Target): HeadraceError {
  const kind = kindOf(error);
  if (kind === null) return translateBroken(error, target);
  return translateRefusal({ kind, message: error.details, status: `gRPC ${error.code}:`, cause: error }, target);
}

/** Matches the error text of grpc-js for an answer that a proxy sent instead of Triton. */
const proxyAnswer = /^Received (?:RST_STREAM|HTTP status code (\d+))/;
const messageTooLarge = /larger than max/;

/** Returns why the call was refused. Null: the connection was lost. */
function kindOf({ code, details }: GrpcError): Refusal["kind"] | null {
  const fromProxy = proxyAnswer.exec(details);
  if (fromProxy?.[1] === "413" || (code === grpcStatus.resourceExhausted && messageTooLarge.test(details))) return "too large";
  switch (code) {
    case grpcStatus.resourceExhausted:
      return "busy";
    case grpcStatus.notFound:
    case grpcStatus.invalidArgument:
      return "invalid";
    case grpcStatus.permissionDenied:
    case grpcStatus.unauthenticated:
      return "forbidden";
    case grpcStatus.unimplemented:
      return "missing";
    case grpcStatus.unavailable:
      return isRestricted(details) ? "forbidden" : "away";
    case grpcStatus.deadlineExceeded:
      return "away";
    case grpcStatus.cancelled:
      return null;
    default:
      return fromProxy === null ? "failed" : "away";
  }
}

/**
 * Makes the error for a request that timed out. "alive": the server is ready, so the batch is at fault. "frozen": the server does not
 * answer the readiness check either. "hung": the server's earlier requests timed out too.
 */
export function translateLate(target: Target, afterMs: number, server: "alive" | "frozen" | "hung"): HeadraceError {
  const text = `Triton ${target.server}, model ${target.model}: expected an answer within ${afterMs} ms (triton.timeout), found none`;
  switch (server) {
    case "alive":
      return new HeadraceError("timed_out", text);
    case "frozen":
      return new HeadraceError("timed_out", `${text}; the readiness check was not answered either`, { scope: "service" });
    case "hung":
      return new HeadraceError("timed_out", `${text}; the requests before it timed out too`, {
        scope: "service",
        hint: `Check the server's log, or raise triton.timeout: the model hangs or is too slow. ${reload}`,
      });
    default:
      return server satisfies never;
  }
}

export function missingPackage(name: string, cause: unknown): HeadraceError {
  return new HeadraceError("part_missing", `embedding with Triton: expected the package ${name}, found none`, {
    hint: `npm install ${name}`,
    cause,
  });
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { code, name, cause } = error as { code?: unknown; name?: unknown; cause?: unknown };
  if (typeof code === "string") return code;
  return codeOf(cause) || (typeof name === "string" && name !== "Error" ? name : "");
}
