/** A job: what was asked, how far it is, and how it ended. */
import { randomBytes } from "node:crypto";
import type { IngestDocument } from "../../app/index.js";
import type { Counts, ErrorCode } from "../../contracts/index.js";
import { endStates, type jobKinds, type jobStates } from "../wire/wire-jobs.js";

export type JobState = (typeof jobStates)[number];

/** How the images of a job are listed. The names are those of `headrace ingest`. */
export interface ListingChoices {
  readonly limit?: number | undefined;
  readonly badLines?: "fail" | "skip" | undefined;
  readonly imageColumn?: string | undefined;
  readonly idColumn?: string | undefined;
  readonly metadataColumns?: readonly string[] | undefined;
}

export type JobKind = (typeof jobKinds)[number];

export interface JobRequest {
  readonly kind: JobKind;
  readonly collection: string;
  /** Files, folders, globs, web URLs and addresses in buckets, all of them allowed. */
  readonly sources: readonly string[];
  /** The ids of the uploads that the job uses. Records of earlier versions do not have them. */
  readonly uploads?: readonly string[];
  readonly listing: ListingChoices;
  /**
   * Set for a job that tries the failures of another job again. Empty `codes`: all of them. `first`: the job with the images, if `of` is a
   * retry itself. Records of earlier versions do not have it.
   */
  readonly retry: { readonly of: string; readonly codes: readonly ErrorCode[]; readonly first?: string } | null;
  /** The export whose snapshot an import takes. null for other kinds. */
  readonly snapshotOf: string | null;
}

/** A key of the client: a second request with the same key gets the same job. */
export interface Idempotency {
  readonly key: string;
  /** Name of the API key that sent the request; empty without API keys. */
  readonly client: string;
  /** Hash of the request. */
  readonly digest: string;
}

/** Everything that a job's folder keeps, apart from its images and failures. Times are ISO 8601, UTC. */
export interface Job {
  readonly id: string;
  readonly state: JobState;
  readonly request: JobRequest;
  /** Number of images that came with the request itself. */
  readonly given: number;
  /** Name of the API key that asked for it; empty without API keys. Records of earlier versions do not have it. */
  readonly client: string;
  readonly idempotency: Idempotency | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** How often the job was started: more than once if the server stopped meanwhile. */
  readonly attempts: number;
  /** How often the server ended during the job without parking it. */
  readonly crashes: number;
  /** Number of images; null while it is unknown. */
  readonly total: number | null;
  /** The counts of the last attempt. Images that an earlier attempt stored count as skipped or reused. */
  readonly counts: Counts;
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string } | null;
  readonly report: IngestDocument | null;
}

export const noCounts: Counts = { read: 0, stored: 0, reused: 0, skipped: 0, failed: 0, abandoned: 0 };

/** The id of the job whose folder has the images: a retry, and a retry of a retry, reads those of the first job. */
export function firstJobOf({ id, request: { retry } }: Pick<Job, "id" | "request">): string {
  return retry === null ? id : (retry.first ?? retry.of);
}

export function isEnded({ state }: Pick<Job, "state">): boolean {
  return (endStates as readonly string[]).includes(state);
}

export function countsOf({ read, stored, reused, skipped, failed, abandoned }: Counts): Counts {
  return { read, stored, reused, skipped, failed, abandoned };
}

export function newJob(request: JobRequest, { given, client, idempotency }: Pick<Job, "given" | "client" | "idempotency">): Job {
  return {
    // Ids sort by the time of their creation.
    id: `${Date.now().toString(36).padStart(9, "0")}${randomBytes(5).toString("hex")}`,
    state: "queued",
    request,
    given,
    client,
    idempotency,
    createdAt: new Date().toISOString(),
    startedAt: null,
    endedAt: null,
    attempts: 0,
    crashes: 0,
    total: null,
    counts: noCounts,
    error: null,
    report: null,
  };
}
