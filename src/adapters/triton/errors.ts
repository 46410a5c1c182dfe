/** Translates errors of Triton and its transports. No other file matches their text. */
import { type ErrorCode, type ErrorOptions, HeadraceError } from "../../contracts/index.js";

/** Names the aborted call in messages. */
export const requestToTriton = "request to Triton";

export interface Target {
  /** The address as configured. */
  readonly server: string;
  readonly model: string;
}

/** A refused request, independent of the protocol. */
export interface Refusal {
  /**
   * "busy": overloaded. "invalid": Triton found the request invalid. "failed": the model raised an error. "missing": another service
   * answered, or Triton does not know the path. "forbidden": access denied. "too large": a proxy refused the body size. "away": the
   * model, or a proxy before it, is down.
   */
  readonly kind: "busy" | "invalid" | "failed" | "missing" | "forbidden" | "too large" | "away";
  /** The server's text. */
  readonly message: string;
  /** Precedes the message: `404`, `gRPC 5:`. */
  readonly status: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

// Matches only from the start of Triton's sentences, because a model's error message may contain any text.
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

/** Cause of the translated error. Keeps the refusal for the predicates below. */
class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message, { cause: refusal.cause });
  }
}

/** The server was restarted and lost the registered region. */
export function isRegionLost(error: unknown): boolean {
  return regionGone.test(refusalIn(error)?.message ?? "");
}

export function isTooLarge(error: unknown): boolean {
  return refusalIn(error)?.kind === "too large";
}

/** Only this call was refused: the server may restrict its extensions, or a proxy may block the path. */
export function isWithheld(error: unknown): boolean {
  const kind = refusalIn(error)?.kind;
  return kind === "forbidden" || kind === "missing";
}

/** Triton allows the call only with a certain header. */
export function isRestricted(message: string): boolean {
  return restricted.test(message);
}

/** The maximum batch size that the error names, else null. */
export function rowLimitIn(error: unknown): number | null {
  const found = batchTooLarge.exec(refusalIn(error)?.message ?? "")?.[1];
  return found === undefined ? null : Number(found);
}

/** For a server that has worked before: `config_invalid` becomes an outage, because the settings were right. */
export function outageIfWorked(error: HeadraceError): HeadraceError {
  if (error.code !== "config_invalid") return error;
  return new HeadraceError("embedder_unavailable", error.message, {
    cause: error,
    hint: `The server worked before, so Headrace waits for it. If the error persists: ${error.hint}`,
  });
}

/** For a probe, which contains no user images: when it fails, the server is away. */
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

/** For a connection that failed or broke. */
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
  /** Text of Triton or of grpc-js. */
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

/** The error of grpc-js for an answer that Triton did not send. */
const proxyAnswer = /^Received (?:RST_STREAM|HTTP status code (\d+))/;
const messageTooLarge = /larger than max/;

/** Null for a broken connection. */
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

/** For a timed-out request. "frozen" and "hung" blame the server, "alive" the batch. */
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
