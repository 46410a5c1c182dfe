/** Translates Milvus statuses and gRPC errors into `HeadraceError`s. No other file inspects the text of such errors. */
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";
import type { CreationSettings } from "./options.js";

/** The status in every Milvus answer. `code` exists since Milvus 2.3. Older servers send only the name of the error, in `error_code`. */
export interface MilvusStatus {
  readonly error_code?: string | number;
  readonly code?: number;
  readonly reason?: string;
}

export interface Endpoint {
  readonly address: string;
  readonly database: string | null;
  /** Settings that give the address. */
  readonly from: "milvus.uri" | "milvus.host, milvus.port";
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
const unavailableNames = new Set([
  "NotReadyServe",
  "NotReadyCoordActivating",
  "NoReplicaAvailable",
  "NotShardLeader",
  "NodeIDNotMatch",
  "DataCoordNA",
]);
/**
 * Codes of temporary failures: server not ready, unavailable, internal error, too few nodes, collection not loaded (after a restart), and
 * failures of replicas, channels, nodes, the object store and the message queue.
 */
const unavailableCodes = new Set([
  1, 2, 5, 12, 101, 103, 400, 401, 500, 501, 502, 503, 600, 601, 901, 902, 903, 904, 1000, 1001, 1002, 1300, 1301, 1302, 1303,
]);
const unavailable =
  /not loaded|not ready|not healthy|unhealthy|not available|unavailable|no available|offline|not match|shut ?down|closed|connect|context (canceled|deadline)|etcdserver|server id mismatch|channel not|node not|not serving|timeout/i;

/**
 * The server has found the collection, and lost it again from its own cache, because another process changed the collection at that moment. A
 * collection that does not exist is refused in other words.
 */
const lostFromCache = /can.t find collection name/i;

const rowNames = new Set(["IllegalArgument", "IllegalDimension", "IllegalRowRecord", "IllegalVectorID"]);
/**
 * Words in the text of a refused write which show that the rows are at fault. Without such words, the cause of the refusal may be
 * temporary.
 */
const rowWords = /\b(dim|dimension|fields?|length|schema|json|varchar|nan|illegal|data type|type mismatch|out of range)\b/i;
const tooManyCollections = /exceeded the limit number of collections|max(imum)? (number of )?collections/i;

/**
 * The names of the numbers in `error_code`. The SDK replaces the number with the name. Answers that Headrace decodes itself contain the
 * number.
 */
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

export function succeeded(status: MilvusStatus): boolean {
  return (status.error_code === "Success" || status.error_code === 0 || status.error_code === undefined) && (status.code ?? 0) === 0;
}

/** Where errors of gRPC, of the SDK and of Milvus have their words. */
type Texts = Readonly<Partial<Record<"details" | "message" | "reason", string>>>;

/** True when the request has too many bytes. A request with half of the rows may succeed. */
export function isTooLarge(error: unknown): boolean {
  const { details = "", message = "", reason = "", cause } = (error ?? {}) as Texts & { readonly cause?: unknown };
  const words = /larger than max|message too large|exceeds? (the )?max(imum)? (message|grpc|request)/i;
  return words.test(`${details} ${message} ${reason}`) || (cause !== undefined && isTooLarge(cause));
}

export function isIndexMissing(status: unknown): boolean {
  const { error_code, code, reason = "" } = (status ?? {}) as MilvusStatus;
  return error_code === "IndexNotExist" || code === 700 || /index not (found|exist)|no (vector )?index|index doesn't exist/i.test(reason);
}

/** True when the vector field already has another index. */
export function isIndexTaken(error: unknown): boolean {
  return /at most one distinct index|multiple indexes on same field/i.test(wordsOf(error));
}

/** True when Milvus did not drop the index because the collection is loaded. */
export function isCollectionLoaded(error: unknown): boolean {
  return /cannot be dropped, collection is loaded/i.test(wordsOf(error));
}

/** True when the call failed because the collection is not loaded. */
export function isNotLoaded(error: unknown): boolean {
  if (isAnswerTooLarge(error)) return false;
  return [101, 103].includes(causeOf(error).code ?? 0) || /not (fully )?loaded|delegator/i.test(wordsOf(error));
}

export function isDuplicate(error: unknown): boolean {
  return /duplicate collection/i.test(wordsOf(error));
}

/** True when the configured user lacks a privilege. Other users may have the privilege. */
export function isForbidden(error: unknown): boolean {
  return /permission deny|privilege/i.test(wordsOf(error));
}

/** True when the answer is larger than the server's limit for answers. A query for half of the rows may succeed. */
export function isAnswerTooLarge(error: unknown): boolean {
  return /maxOutputSize|results exceed the limit size|larger than max/i.test(wordsOf(error));
}

/** Translates the error of a refused index creation into `config_invalid`. Returns errors of the connection unchanged. */
export function refusedIndex(call: string, error: unknown): unknown {
  if (!HeadraceError.is(error) || error.code !== "unexpected") return error;
  const text = `milvus.index_type: ${call}: expected success, found ${firstLine(causeOf(error).reason ?? error.message)}`;
  return new HeadraceError("config_invalid", text, {
    hint: "Change milvus.index_type, or the parameter that the message names.",
    cause: error,
  });
}

/** Words that show which setting of a new collection the server refuses. */
const settingWords = [
  ["numShards", "milvus.num_shards", /shard/i],
  ["replicaNumber", "milvus.replica_number", /replica|resource|nodes? not enough/i],
  ["partitionKey", "milvus.partition_key", /partition/i],
] as const;

/** Translates the error of a refused setting into `config_invalid`. Returns other errors unchanged. */
export function refusedSetting(call: string, error: unknown, settings: CreationSettings): unknown {
  const [, name] = settingWords.find(([setting, , words]) => settings[setting] !== null && words.test(wordsOf(error))) ?? [];
  if (name === undefined) return error;
  const text = `${name}: ${call}: expected success, found ${firstLine(causeOf(error).reason ?? wordsOf(error))}`;
  return new HeadraceError("config_invalid", text, { hint: `Change ${name}.`, cause: error });
}

export function isUnimplemented(error: unknown): boolean {
  return (error as { code?: number } | null)?.code === grpc.unimplemented;
}

function isDenied(code: number | undefined, words: string): boolean {
  return (
    code === grpc.unauthenticated ||
    code === grpc.denied ||
    /auth check failure|unauthenticated|invalid (token|credential)|permission deny/i.test(words)
  );
}

/** `fallback`: the error code when Milvus refuses the call for a reason that Headrace does not recognize. */
export function fromStatus(call: string, status: MilvusStatus, endpoint: Endpoint, fallback: ErrorCode = "unexpected"): HeadraceError {
  const words = firstLine(status.reason ?? "");
  const { code } = status;
  const name = typeof status.error_code === "number" ? (legacyNames[status.error_code] ?? "") : (status.error_code ?? "");
  const error = (as: ErrorCode, message = `${call}: expected success, found ${words}`, options = {}) =>
    new HeadraceError(as, message, { cause: status, ...options });
  if (name === "DiskQuotaExhausted" || code === 7) return error("disk_full");
  if (overloadedNames.has(name) || overloadedCodes.has(code ?? 0) || /rate ?limit|quota exceeded|memory quota/i.test(words)) {
    return error("overloaded", `${call}: expected success, found Milvus over its rate limit or quota: ${words}`, {
      hint: "Headrace slows down and tries again. If the error persists, raise the limits under quotaAndLimits in milvus.yaml.",
    });
  }
  if (code === 800 || /database not found/i.test(words)) {
    return error(
      "config_invalid",
      `milvus.database: expected database ${JSON.stringify(endpoint.database ?? "default")} at ${endpoint.address}, found none`,
    );
  }
  if (isDenied(undefined, words)) return denied(endpoint, words, status);
  if (code === 102 || tooManyCollections.test(words)) {
    return error("config_invalid", `${call}: expected success, found that ${endpoint.address} takes no more collections: ${words}`, {
      hint: "Drop a collection that is not needed, or raise the server's limit: quotaAndLimits.limits in milvus.yaml, or the plan of a hosted server.",
    });
  }
  if (lostFromCache.test(words) && code !== 100) return error("store_unavailable");
  if (code === 100 || /can.t find collection|collection not found/i.test(words))
    return error("collection_not_found", `${call}: expected a collection, found none`);
  const isUnavailable = unavailableNames.has(name) || unavailableCodes.has(code ?? 0) || unavailable.test(words);
  if (isUnavailable && !isInvalidParameter(code)) return error("store_unavailable");
  if (/invalid index type/i.test(words)) {
    return error("config_invalid", `milvus.index_type: expected a type that ${endpoint.address} supports, found ${words}`, {
      hint: "Choose another type. GPU indexes need a GPU build of Milvus.",
    });
  }
  return error(fallback === "row_rejected" && !blamesRows(status, name) ? "store_unavailable" : fallback);
}

/** Such a refusal names what was found, in words that may also describe a server that is unavailable. */
function isInvalidParameter(code = 0): boolean {
  return code >= 1100 && code <= 1102;
}

/** True when the rows are at fault for a refused write. Codes 1700 to 1899 mean invalid fields or inputs. */
function blamesRows({ code = 0, reason = "" }: MilvusStatus, name: string): boolean {
  return isInvalidParameter(code) || (code >= 1700 && code < 1900) || rowNames.has(name) || rowWords.test(reason);
}

/** Translates gRPC errors, and statuses that the SDK threw. Returns a `HeadraceError` unchanged. */
export function fromThrown(call: string, thrown: unknown, endpoint: Endpoint, fallback: ErrorCode = "unexpected"): HeadraceError {
  if (HeadraceError.is(thrown)) return thrown;
  const { code, details, status, reason, message } = (thrown ?? {}) as Texts & { readonly code?: number; readonly status?: MilvusStatus };
  if (status !== undefined && typeof status === "object") return fromStatus(call, status, endpoint, fallback);
  if (reason !== undefined) return fromStatus(call, thrown as MilvusStatus, endpoint, fallback);
  const words = firstLine(details ?? message ?? String(thrown));
  const failed = `${call}: expected success, found ${words}`;
  const error = (as: ErrorCode, text: string, options = {}) => new HeadraceError(as, text, { cause: thrown, ...options });
  if (isDenied(code, words)) return denied(endpoint, words, thrown);
  switch (code) {
    case grpc.unavailable:
      return error("store_unavailable", `${call}: ${unreachable(endpoint, words)}`);
    case grpc.deadline:
      return timedOut(call, endpoint, thrown);
    case grpc.cancelled:
    case grpc.internal:
      return error("store_unavailable", `${call}: expected an answer from ${endpoint.address}, found a broken connection: ${words}`);
    case grpc.exhausted:
      return error(isTooLarge(thrown) ? "row_rejected" : "overloaded", failed);
    case grpc.invalidArgument:
    case grpc.outOfRange:
      return error(fallback, failed);
    case undefined:
      return error("unexpected", failed);
    case grpc.unknown:
    case grpc.aborted:
    case grpc.unimplemented:
      return error("store_unavailable", `${call}: expected success from ${endpoint.address}, found ${words}`);
    default:
      return error(fallback === "row_rejected" ? "store_unavailable" : fallback, failed);
  }
}

export function timedOut(call: string, endpoint: Endpoint, cause?: unknown): HeadraceError {
  const text = `${call}: expected an answer from ${endpoint.address} within milvus.timeout, found none`;
  return new HeadraceError("timed_out", text, { scope: "service", cause });
}

export function milvusMissing(cause: unknown): HeadraceError {
  const text = "milvus: expected the packages @zilliz/milvus2-sdk-node and protobufjs, found one that cannot be loaded";
  return new HeadraceError("part_missing", text, { hint: "Run: npm i @zilliz/milvus2-sdk-node@3.0.6 protobufjs", cause });
}

function denied(endpoint: Endpoint, words: string, cause: unknown): HeadraceError {
  const text = `milvus.token, or milvus.user and milvus.password: expected credentials that ${endpoint.address} accepts, found ${words}`;
  return new HeadraceError("config_invalid", text, { cause, hint: "Change the credentials. A token is an API key or `user:password`." });
}

/** Explains a failed connection, by naming the setting that is most likely wrong. */
function unreachable({ address, from }: Endpoint, words: string): string {
  const setting = (name: string) => (from === "milvus.uri" ? from : `milvus.${name}`);
  if (/name resolution/i.test(words)) return `${setting("host")}: expected a host name that resolves, found ${address}`;
  if (/ssl|tls|certificate|wrong version number/i.test(words))
    return `${setting("secure")}: expected TLS as configured at ${address}, found ${words}`;
  if (/protocol error|http2/i.test(words)) return `${setting("port")}: expected gRPC at ${address}, found another protocol`;
  return `${from}: expected a server at ${address}, found none: ${words}`;
}

/** The Milvus status or gRPC error that a `HeadraceError` was made from. */
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
