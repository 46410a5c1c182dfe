/** Errors as the service answers them: problem details (RFC 9457) with a stable code and an HTTP status. */
import { type ErrorCode, errorCodes, HeadraceError } from "../../contracts/index.js";

/** Codes that only the service uses: what is wrong with a request before the library sees it. */
export const requestProblems = {
  request_invalid: { status: 422, title: "The request does not have the described form." },
  json_invalid: { status: 400, title: "The body is not valid JSON." },
  request_malformed: { status: 400, title: "The request is not valid HTTP." },
  headers_too_large: { status: 431, title: "The headers of the request are too large." },
  multipart_invalid: { status: 400, title: "The multipart body is damaged or incomplete." },
  media_type_unsupported: { status: 415, title: "The route does not take a body of this media type." },
  body_too_large: { status: 413, title: "The body is larger than `server.max_body_mb`, or has more than `server.max_images` images." },
  body_too_slow: { status: 408, title: "The request did not arrive within `server.body_timeout` seconds." },
  key_missing: { status: 401, title: "The request has no valid API key." },
  scope_missing: { status: 403, title: "The API key does not allow this operation." },
  collection_refused: { status: 403, title: "The API key does not allow this collection." },
  origin_refused: { status: 403, title: "The request comes from a web page of another origin." },
  route_not_found: { status: 404, title: "There is no such path." },
  method_not_allowed: { status: 405, title: "The path does not have this method." },
  model_not_found: { status: 404, title: "The server does not have this model." },
  path_refused: { status: 422, title: "The path is not below a folder of `server.allowed_roots`." },
  row_not_found: { status: 404, title: "The collection has no row with this id." },
  picture_unavailable: { status: 404, title: "The image of the row cannot be read any more." },
  job_not_found: { status: 404, title: "There is no such job." },
  job_active: { status: 409, title: "The job, or a retry of it, has not ended yet." },
  upload_not_found: { status: 404, title: "There is no such upload: it has expired, was deleted, or belongs to another key." },
  upload_offset_wrong: { status: 409, title: "The upload continues at another byte. `HEAD` tells at which one." },
  upload_incomplete: { status: 409, title: "The upload has not arrived completely." },
  upload_used: { status: 409, title: "Another job has used the upload." },
  upload_busy: { status: 423, title: "Another request writes this upload." },
  uploads_full: { status: 503, title: "The client has as many unused uploads as `server.max_uploads` allows." },
  tus_version: { status: 412, title: "The server speaks version 1.0.0 of the tus protocol." },
  snapshot_missing: { status: 404, title: "The job has no snapshot. Only an export that has completed has one." },
  jobs_full: {
    status: 503,
    title:
      "As many jobs wait as `server.max_waiting_jobs` allows, or their images and snapshots take as much of the disk as `server.max_jobs_mb` allows.",
  },
  idempotency_conflict: { status: 422, title: "An earlier request with the same `Idempotency-Key` was different." },
  rate_exceeded: { status: 429, title: "The client has sent more requests in a minute than `server.rate_limit` allows." },
  server_busy: { status: 503, title: "The server has as many open requests, or bodies of requests, as its limits allow." },
  deadline_passed: { status: 503, title: "The answer took longer than `server.request_timeout` seconds." },
  stopping: { status: 503, title: "The server is stopping." },
  not_ready: { status: 503, title: "The embedder or the store does not work." },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type RequestCode = keyof typeof requestProblems;

/** The HTTP status of each code of the library. */
export const statuses: Readonly<Record<ErrorCode, number>> = {
  source_not_found: 422,
  source_forbidden: 422,
  source_not_file: 422,
  source_too_large: 413,
  source_unreadable: 424,
  address_refused: 422,
  source_refused: 422,
  image_corrupt: 422,
  image_unsupported: 422,
  image_too_large: 413,
  image_crashed_decoder: 422,
  vector_invalid: 422,
  metadata_name: 422,
  metadata_type: 422,
  id_invalid: 422,
  id_duplicate: 422,
  row_rejected: 422,
  inference_failed: 424,
  timed_out: 424,
  unexpected: 500,
  embedder_unavailable: 424,
  store_unavailable: 424,
  overloaded: 503,
  outage_too_long: 424,
  too_many_failures: 422,
  prune_refused: 409,
  deletion_too_large: 507,
  snapshot_too_large: 507,
  aborted: 503,
  source_failed: 424,
  disk_full: 507,
  state_unwritable: 500,
  contract_broken: 500,
  passport_mismatch: 409,
  passport_missing: 409,
  collection_not_found: 404,
  collection_exists: 409,
  collection_aliased: 409,
  switch_refused: 409,
  drop_refused: 409,
  alias_not_found: 404,
  collection_foreign: 409,
  dimension_mismatch: 422,
  name_invalid: 422,
  filter_invalid: 422,
  query_invalid: 422,
  word_unknown: 422,
  text_unavailable: 422,
  index_invalid: 422,
  queue_unavailable: 503,
  queue_unusable: 500,
  fleet_not_found: 404,
  lock_held: 409,
  lock_lost: 409,
  part_missing: 500,
  model_invalid: 500,
  model_mismatch: 500,
  model_unavailable: 503,
  config_invalid: 500,
  config_conflict: 500,
  config_not_found: 500,
  usage_invalid: 422,
  input_invalid: 422,
};

/** The body of an answer with an error. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  /** What was expected and found. Absent when the message names servers, folders or processes: then only the log has it. */
  readonly detail?: string;
  readonly hint?: string;
  readonly request_id?: string;
  /** What could be given instead. */
  readonly suggestions?: readonly string[];
  /** Where the request does not have the described form. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

/** A request that is refused. It is thrown inside the server and never leaves it. */
export class Refused {
  constructor(
    readonly code: RequestCode,
    readonly detail?: string,
    readonly more: { readonly headers?: Readonly<Record<string, string>>; readonly errors?: Problem["errors"] } = {},
  ) {}
}

const defaultRetryMs = 1000;

/** Converts whatever was thrown to the body and the headers of an answer. */
export function problemOf(thrown: unknown): { readonly problem: Problem; readonly headers: Readonly<Record<string, string>> } {
  if (thrown instanceof Refused) {
    const { status, title } = requestProblems[thrown.code];
    const { headers = {}, errors } = thrown.more;
    const detail = thrown.detail === undefined ? {} : { detail: thrown.detail };
    return {
      problem: { ...named(thrown.code), title, status, ...detail, ...(errors === undefined ? {} : { errors }) },
      headers: status === 503 ? { "retry-after": "1", ...headers } : headers,
    };
  }
  const error = HeadraceError.from(thrown);
  const problem = itemProblem(error);
  const isBusy = problem.status === 503 || problem.status === 429;
  return { problem, headers: isBusy ? { "retry-after": String(Math.ceil((error.retryAfterMs ?? defaultRetryMs) / 1000)) } : {} };
}

/** The problem of one image, or of a whole call. */
export function itemProblem({
  code,
  message,
  hint,
  suggestions,
}: Pick<HeadraceError, "message" | "hint"> & {
  readonly code: string;
  readonly suggestions?: readonly string[] | undefined;
}): Problem {
  const known = code in errorCodes ? (code as ErrorCode) : "unexpected";
  const status = statuses[known];
  const title = errorCodes[known].meaning;
  const publicHint = hints[known];
  const ownHint = publicHint === undefined ? {} : { hint: publicHint };
  if (!isPublic(known, status, message)) return { ...named(known), title, status, ...ownHint };
  return { ...named(known), title, status, detail: message, hint, ...(suggestions === undefined ? {} : { suggestions }) };
}

/** What to do about errors whose messages are only for the log. */
const hints: Partial<Record<ErrorCode, string>> = {
  collection_not_found: "GET /v1/collections lists the collections, and POST /v1/collections creates one.",
};

/** A path from the root of a disk, or the URL of a file. */
const diskPath = /(^|[\s"'(])(\/|[A-Za-z]:\\|file:)/;

/** Their messages tell of folders and processes, or what a name means in the network of the server. */
const isSecret: ReadonlySet<ErrorCode> = new Set(["lock_held", "address_refused"]);

/** Messages of other errors, and those with paths, name servers, folders and processes. They are only for the log. */
function isPublic(code: ErrorCode, status: number, message: string): boolean {
  return !isSecret.has(code) && [409, 413, 422].includes(status) && !diskPath.test(message);
}

const named = (code: string): Pick<Problem, "type" | "code"> => ({ type: `urn:headrace:problem:${code}`, code });
