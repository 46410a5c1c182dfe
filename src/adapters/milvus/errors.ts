/** Says what Milvus' statuses and the channel's errors mean; the only place that knows their words. */
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";

/** A status as every answer of Milvus carries it; numbers since 2.3, names before. */
export interface MilvusStatus {
  readonly error_code?: string | number;
  readonly code?: number;
  readonly reason?: string;
}

/** Where the server is, for messages. */
export interface Endpoint {
  readonly address: string;
  readonly database: string | null;
}

const grpc = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadline: 4,
  denied: 7,
  exhausted: 8,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

const overloadedNames = new Set(["RateLimit", "ForceDeny", "MemoryQuotaExhausted", "TimeTickLongDelay", "OutOfMemory"]);
const overloadedCodes = new Set([3, 4, 8, 9, 11]);
const awayNames = new Set([
  "NotReadyServe",
  "NotReadyCoordActivating",
  "NoReplicaAvailable",
  "NotShardLeader",
  "NodeIDNotMatch",
  "DataCoordNA",
]);
/** Not ready, not available, internal, short of nodes, not loaded (after a restart), and what concerns replicas, channels, nodes, object store and message queue. */
const awayCodes = new Set([
  1, 2, 5, 12, 101, 103, 400, 401, 500, 501, 502, 503, 600, 601, 901, 902, 903, 904, 1000, 1001, 1002, 1300, 1301, 1302, 1303,
]);
const away =
  /not loaded|not ready|not healthy|unhealthy|not available|unavailable|no available|offline|not match|shut ?down|closed|connect|context (canceled|deadline)|etcdserver|server id mismatch|channel not|node not|not serving|timeout/i;

const rowNames = new Set(["IllegalArgument", "IllegalDimension", "IllegalRowRecord", "IllegalVectorID"]);
/** What Milvus says of rows that do not fit; every other refusal may pass, whatever the rows are. */
const rowWords = /\b(dim|dimension|fields?|length|schema|json|varchar|nan|illegal|data type|type mismatch|out of range)\b/i;
const tooManyCollections = /exceeded the limit number of collections|max(imum)? (number of )?collections/i;

/** Names of the numbers that answers decoded by hand carry. */
const legacyNames: Readonly<Record<number, string>> = {
  5: "IllegalArgument",
  7: "IllegalDimension",
  11: "IllegalRowRecord",
  12: "IllegalVectorID",
  24: "OutOfMemory",
  45: "NotShardLeader",
  46: "NoReplicaAvailable",
  48: "ForceDeny",
  49: "RateLimit",
  50: "NodeIDNotMatch",
  53: "MemoryQuotaExhausted",
  54: "DiskQuotaExhausted",
  55: "TimeTickLongDelay",
  56: "NotReadyServe",
  57: "NotReadyCoordActivating",
  100: "DataCoordNA",
};

/** True for a status that says "done". */
export function succeeded(status: MilvusStatus): boolean {
  return (status.error_code === "Success" || status.error_code === 0 || status.error_code === undefined) && (status.code ?? 0) === 0;
}

/** True for an answer that says that the request as a whole has too many bytes: half of it may pass. */
export function isTooLarge(error: unknown): boolean {
  const {
    details = "",
    message = "",
    reason = "",
    cause,
  } = (error ?? {}) as Partial<Record<"details" | "message" | "reason", string>> & {
    readonly cause?: unknown;
  };
  const words = /larger than max|message too large|exceeds? (the )?max(imum)? (message|grpc|request)/i;
  return words.test(`${details} ${message} ${reason}`) || (cause !== undefined && isTooLarge(cause));
}

/** True for the status of a collection without a vector index. */
export function isIndexMissing(status: unknown): boolean {
  const { error_code, code, reason = "" } = (status ?? {}) as MilvusStatus;
  return error_code === "IndexNotExist" || code === 700 || /index not (found|exist)|no (vector )?index|index doesn't exist/i.test(reason);
}

/** True for an index that was refused because the field has another one. */
export function isIndexTaken(error: unknown): boolean {
  return /at most one distinct index|multiple indexes on same field/i.test(wordsOf(error));
}

/** True for an index that was not dropped because the collection is loaded. */
export function isCollectionLoaded(error: unknown): boolean {
  return /cannot be dropped, collection is loaded/i.test(wordsOf(error));
}

/** True for a query of a collection that is not in the server's memory. */
export function isNotLoaded(error: unknown): boolean {
  if (isAnswerTooLarge(error)) return false;
  return [101, 103].includes(causeOf(error).code ?? 0) || /not (fully )?loaded|delegator/i.test(wordsOf(error));
}

/** True for a creation that found another collection of that name. */
export function isDuplicate(error: unknown): boolean {
  return /duplicate collection/i.test(wordsOf(error));
}

/** True for what this user may not see or do, as others may. */
export function isForbidden(error: unknown): boolean {
  return /permission deny|privilege/i.test(wordsOf(error));
}

/** True for an answer with more bytes than the server gives: half of the rows may pass. */
export function isAnswerTooLarge(error: unknown): boolean {
  return /maxOutputSize|results exceed the limit size|larger than max/i.test(wordsOf(error));
}

/** The refusal of an index, as a setting to change, unless the server could not be asked. */
export function refusedIndex(call: string, error: unknown): unknown {
  if (!HeadraceError.is(error) || error.code !== "unexpected") return error;
  return new HeadraceError(
    "config_invalid",
    `milvus.index_type: ${call}: Milvus says: ${firstLine(causeOf(error).reason ?? error.message)}`,
    {
      hint: "Change the type or the parameter that the message names.",
      cause: error,
    },
  );
}

/** True when the server does not know the call. */
export function isUnimplemented(error: unknown): boolean {
  return (error as { code?: number } | null)?.code === grpc.unimplemented;
}

/** True for an authorisation that must be changed before anything else can be tried. */
function isDenied(code: number | undefined, words: string): boolean {
  return (
    code === grpc.unauthenticated ||
    code === grpc.denied ||
    /auth check failure|unauthenticated|invalid (token|credential)|permission deny/i.test(words)
  );
}

/** What a status other than success means for `call`. */
export function fromStatus(call: string, status: MilvusStatus, endpoint: Endpoint, fallback: ErrorCode = "unexpected"): HeadraceError {
  const words = firstLine(status.reason ?? "");
  const { code } = status;
  const name = typeof status.error_code === "number" ? (legacyNames[status.error_code] ?? "") : (status.error_code ?? "");
  const error = (as: ErrorCode, message = `${call}: Milvus says: ${words}`, options = {}) =>
    new HeadraceError(as, message, { cause: status, ...options });
  if (name === "DiskQuotaExhausted" || code === 7) return error("disk_full");
  if (overloadedNames.has(name) || overloadedCodes.has(code ?? 0) || /rate ?limit|quota exceeded|memory quota/i.test(words)) {
    return error("overloaded", `${call}: Milvus asks for less: ${words}`, {
      hint: "Headrace slows down and tries again. If it lasts: the server's quotas and rate limits are quotaAndLimits in milvus.yaml.",
    });
  }
  if (code === 800 || /database not found/i.test(words)) {
    return error(
      "config_invalid",
      `milvus.database: ${endpoint.address} has no database ${JSON.stringify(endpoint.database ?? "default")}`,
    );
  }
  if (isDenied(undefined, words)) return denied(endpoint, words, status);
  if (code === 102 || tooManyCollections.test(words)) {
    return error("config_invalid", `${call}: the server at ${endpoint.address} takes no more collections: ${words}`, {
      hint: "Drop a collection that is not needed, or raise the server's limit: quotaAndLimits.limits in milvus.yaml, or the plan of a hosted one.",
    });
  }
  if (code === 100 || /can.t find collection|collection not found/i.test(words))
    return error("collection_not_found", `${call}: it is not there`);
  if (awayNames.has(name) || awayCodes.has(code ?? 0) || away.test(words)) return error("store_unavailable");
  if (/invalid index type/i.test(words)) {
    return error("config_invalid", `milvus.index_type: the server at ${endpoint.address} refuses it: ${words}`, {
      hint: "GPU indexes need a GPU build of Milvus; choose another type.",
    });
  }
  return error(fallback === "row_rejected" && !blamesRows(status, name) ? "store_unavailable" : fallback);
}

/** Parameters (1100 to 1102), fields and inputs (17xx, 18xx), and what names a field or a length. */
function blamesRows({ code = 0, reason = "" }: MilvusStatus, name: string): boolean {
  return (code >= 1100 && code <= 1102) || (code >= 1700 && code < 1900) || rowNames.has(name) || rowWords.test(reason);
}

/** What a thrown error means: one of the channel, a status that the client threw, or ours already. */
export function fromThrown(call: string, thrown: unknown, endpoint: Endpoint, fallback: ErrorCode = "unexpected"): HeadraceError {
  if (HeadraceError.is(thrown)) return thrown;
  const { code, details, status, reason, message } = (thrown ?? {}) as {
    code?: number;
    details?: string;
    status?: MilvusStatus;
    reason?: string;
    message?: string;
  };
  if (status !== undefined && typeof status === "object") return fromStatus(call, status, endpoint, fallback);
  if (reason !== undefined) return fromStatus(call, thrown as MilvusStatus, endpoint, fallback);
  const words = firstLine(details ?? message ?? String(thrown));
  const error = (as: ErrorCode, text: string, options = {}) => new HeadraceError(as, text, { cause: thrown, ...options });
  if (isDenied(code, words)) return denied(endpoint, words, thrown);
  switch (code) {
    case grpc.unavailable:
      return error("store_unavailable", `${call}: ${unreachable(endpoint, words)}`);
    case grpc.deadline:
      return noAnswer(call, endpoint, thrown);
    case grpc.cancelled:
    case grpc.internal:
      return error("store_unavailable", `${call}: the connection to ${endpoint.address} broke: ${words}`);
    case grpc.exhausted:
      return error(isTooLarge(thrown) ? "row_rejected" : "overloaded", `${call}: ${words}`);
    case grpc.invalidArgument:
    case grpc.outOfRange:
      return error(fallback, `${call}: ${words}`);
    case undefined:
      return error("unexpected", `${call}: ${words}`);
    case grpc.unknown:
    case grpc.aborted:
    case grpc.unimplemented:
      return error("store_unavailable", `${call}: ${endpoint.address} answers: ${words}`);
    default:
      return error(fallback === "row_rejected" ? "store_unavailable" : fallback, `${call}: ${words}`);
  }
}

/** The time of a call is up. */
export function noAnswer(call: string, endpoint: Endpoint, cause?: unknown): HeadraceError {
  return new HeadraceError("timed_out", `${call}: no answer from ${endpoint.address} within milvus.timeout`, { scope: "service", cause });
}

export function milvusMissing(cause: unknown): HeadraceError {
  const command = "npm i @zilliz/milvus2-sdk-node@3.0.6 protobufjs";
  return new HeadraceError(
    "part_missing",
    `Milvus needs the packages @zilliz/milvus2-sdk-node and protobufjs, which cannot be loaded: ${command}`,
    {
      hint: `Run: ${command}`,
      cause,
    },
  );
}

function denied(endpoint: Endpoint, words: string, cause: unknown): HeadraceError {
  return new HeadraceError(
    "config_invalid",
    `milvus.token, or milvus.user and milvus.password: ${endpoint.address} refuses them: ${words}`,
    {
      cause,
      hint: "Change the credentials; `user:password` is a token too.",
    },
  );
}

/** Names the setting that a refused connection points to. */
function unreachable(endpoint: Endpoint, words: string): string {
  if (/name resolution/i.test(words)) return `milvus.host: the host of ${endpoint.address} cannot be resolved`;
  if (/ssl|tls|certificate|wrong version number/i.test(words))
    return `milvus.secure: ${endpoint.address} does not speak TLS as configured: ${words}`;
  if (/protocol error|http2/i.test(words)) return `milvus.port: what answers at ${endpoint.address} is not the gRPC port of Milvus`;
  return `milvus.host, milvus.port: nothing answers at ${endpoint.address}: ${words}`;
}

/** The status, or the channel's error, that an error of ours was made of. */
function causeOf(error: unknown): MilvusStatus {
  const { cause } = (error ?? {}) as { cause?: unknown };
  return (HeadraceError.is(cause) ? causeOf(cause) : (cause ?? error ?? {})) as MilvusStatus;
}

function wordsOf(error: unknown): string {
  const { message = "" } = (error ?? {}) as { message?: string };
  return `${message} ${causeOf(error).reason ?? ""}`;
}

function firstLine(words: string): string {
  return (words.split("\n", 1)[0] ?? "").slice(0, 300).trim();
}
