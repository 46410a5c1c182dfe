/** Translates what goes wrong between here and Triton; the only file that knows the vendor's errors. */
import { type ErrorCode, type ErrorOptions, HeadraceError } from "../../contracts/index.js";

/** What an abort ended, in its error. */
export const requestToTriton = "request to Triton";

/** Which server and model a call was for. */
export interface Target {
  /** The address as it was configured. */
  readonly server: string;
  readonly model: string;
}

/** Why a request was refused, whatever the protocol. */
export interface Refusal {
  /**
   * "busy": asks for less. "invalid": Triton blames the request. "failed": the model raised. "missing": no answer of Triton's, as
   * when nobody there knows the path. "forbidden": asks who we are. "too large": the way takes no body of that size.
   * "away": something between us and the model is down.
   */
  readonly kind: "busy" | "invalid" | "failed" | "missing" | "forbidden" | "too large" | "away";
  /** The other side's own words. */
  readonly message: string;
  /** The status in front of them: `404`, `gRPC 5:`. */
  readonly status: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

// Only whole sentences of Triton's own, from their beginning: the words of a model about an image may hold anything.
const own = (sentences: string) => new RegExp(`^(?:\\[request id: [^\\]]*\\] )?(?:in ensemble '[^']*', )?(?:${sentences})`, "i");
const queueFull = own("Exceeds maximum queue size");
const modelGone = own("Request for unknown model ?:");
const modelDied = own("Stub process '[^']*' is not healthy|Launch stub process failed|Failed to (?:fork|launch) the stub process");
const regionGone = own("Unable to find (?:system )?shared memory region");
const modelChanged = own(
  "unexpected inference (?:input|output)|unexpected shape|inference input '.*' data-type is|" +
    "inference request batch-size must be|expected \\d+ inputs|.*byte size mismatch",
);
const batchTooLarge = own("inference request batch-size must be <= (\\d+)");
const restricted = /is restricted, expecting header '([^']*)'/;
const reload = "Load the model again (`POST /v2/repository/models/NAME/load`), or restart the server.";

/** What a refusal's error has as its cause: tells more than code and message. */
class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message, { cause: refusal.cause });
  }
}

/** True when a server does not know a region that was registered before: it was restarted. */
export function isRegionLost(error: unknown): boolean {
  return regionGone.test(refusalIn(error)?.message ?? "");
}

/** True when the way to the server takes no body as large as the request's. */
export function isTooLarge(error: unknown): boolean {
  return refusalIn(error)?.kind === "too large";
}

/** True when that question alone was refused, as by a server that restricts its extensions or a proxy that lets only some paths pass. */
export function isWithheld(error: unknown): boolean {
  const kind = refusalIn(error)?.kind;
  return kind === "forbidden" || kind === "missing";
}

/** True for what Triton says of a question that it answers only with a certain header. */
export function isRestricted(message: string): boolean {
  return restricted.test(message);
}

/** The most rows that a request may have, where the error says that it had more. */
export function rowLimitIn(error: unknown): number | null {
  const found = batchTooLarge.exec(refusalIn(error)?.message ?? "")?.[1];
  return found === undefined ? null : Number(found);
}

/** After a success on the same server: what would be a wrong setting at first is then something between us that is down. */
export function onceItWorked(error: HeadraceError): HeadraceError {
  if (error.code !== "config_invalid") return error;
  return new HeadraceError("embedder_unavailable", error.message, {
    cause: error,
    hint: `It worked before, so it is waited for. If it stays like that: ${error.hint}`,
  });
}

/** For a question of our own, which no image can be blamed for: a server that fails it is away. */
export function asAway(error: unknown): HeadraceError {
  const known = HeadraceError.from(error);
  if (known.scope === "service" || known.scope === "run") return known;
  return new HeadraceError("embedder_unavailable", known.message, { cause: error, hint: known.hint });
}

export function translateRefusal(refusal: Refusal, target: Target): HeadraceError {
  const { message, status } = refusal;
  const text = `Triton ${target.server}, model ${target.model}: ${`${status} ${message || "no message"}`.trim()}`;
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
      return make("config_invalid", { hint: "The server, or a proxy before it, refuses access: check triton.url and triton.headers." });
    case "missing":
      return make("config_invalid", {
        hint: "This is no server of the KServe v2 protocol: check triton.url (Triton's HTTP port is 8000, its gRPC port 8001).",
      });
    case "too large":
      return make("inference_failed", { hint: bodyLimitHint });
    case "invalid":
      if (!modelChanged.test(message)) return make("inference_failed");
      return make("model_mismatch", {
        hint: "The model is not what it was when this run began. Run again, so that its inputs and outputs are read anew.",
      });
    case "failed":
      return make("inference_failed");
    default:
      return refusal.kind satisfies never;
  }
}

export const bodyLimitHint = "Raise the limit of the proxy before Triton (nginx: client_max_body_size).";

function refusalIn(error: unknown): Refusal | null {
  return HeadraceError.is(error) && error.cause instanceof Refused ? error.cause.refusal : null;
}

/** A connection that could not be made, or broke. */
export function translateBroken(error: unknown, target: Target): HeadraceError {
  if (HeadraceError.is(error)) return error;
  const code = codeOf(error);
  const reason = `${code} ${error instanceof Error ? error.message : String(error)}`.trim();
  const text = `Triton ${target.server}: ${reason}`;
  if (/^HPE_|HTTPParserError/.test(code)) {
    return new HeadraceError("config_invalid", text, {
      cause: error,
      hint: "The port does not speak HTTP/1.1: set triton.url to Triton's HTTP port (8000), or triton.transport to grpc.",
    });
  }
  if (/^ERR_(TLS|SSL)|CERT|SELF_SIGNED|EPROTO/.test(code)) {
    return new HeadraceError("config_invalid", text, {
      cause: error,
      hint: "TLS failed: check the scheme of triton.url; a private authority is named by triton.ca_file, another name in the certificate by triton.server_name.",
    });
  }
  return new HeadraceError("embedder_unavailable", text, { cause: error });
}

/** What grpc-js says of a call that failed. */
export interface GrpcError extends Error {
  readonly code: number;
  /** Triton's own words, or those of grpc-js. */
  readonly details: string;
}

/** gRPC status codes. */
const status = { cancelled: 1, invalidArgument: 3, deadlineExceeded: 4, notFound: 5, permissionDenied: 7, resourceExhausted: 8 } as const;
const more = { unimplemented: 12, internal: 13, unavailable: 14, unauthenticated: 16 } as const;

export function translateGrpc(error: GrpcError, target: Target): HeadraceError {
  const kind = kindOf(error);
  if (kind === null) return translateBroken(error, target);
  return translateRefusal({ kind, message: error.details, status: `gRPC ${error.code}:`, cause: error }, target);
}

/** How grpc-js begins what it says of an answer that is not Triton's. */
const fromTheWay = /^Received (?:RST_STREAM|HTTP status code (\d+))/;
const messageTooLarge = /larger than max/;

/** Null: the connection broke. */
function kindOf({ code, details }: GrpcError): Refusal["kind"] | null {
  const between = fromTheWay.exec(details);
  if (between?.[1] === "413" || (code === status.resourceExhausted && messageTooLarge.test(details))) return "too large";
  switch (code) {
    case status.resourceExhausted:
      return "busy";
    case status.notFound:
    case status.invalidArgument:
      return "invalid";
    case status.permissionDenied:
    case more.unauthenticated:
      return "forbidden";
    case more.unimplemented:
      return "missing";
    case more.unavailable:
      return isRestricted(details) ? "forbidden" : "away";
    case status.deadlineExceeded:
      return "away";
    case status.cancelled:
      return null;
    default:
      return between === null ? "failed" : "away";
  }
}

/** A request whose time is up. Nothing is wrong with the batch when the server answers nothing else either. */
export function translateLate(target: Target, afterMs: number, server: "alive" | "frozen" | "hung"): HeadraceError {
  const text = `Triton ${target.server}, model ${target.model}: expected an answer within ${afterMs} ms (triton.timeout), found none`;
  switch (server) {
    case "alive":
      return new HeadraceError("timed_out", text);
    case "frozen":
      return new HeadraceError("timed_out", `${text}; the server does not say that it is ready either`, { scope: "service" });
    case "hung":
      return new HeadraceError("timed_out", `${text}, nor to any of the requests before it`, {
        scope: "service",
        hint: `The model hangs, or is far too slow: look at the server's log, or raise triton.timeout. ${reload}`,
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
