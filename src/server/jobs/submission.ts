/** A job that a request asks for. */
import type { Entry } from "./entry.js";
import type { Idempotency, JobRequest } from "./job.js";
import type { JobDraft } from "./job-draft.js";

export interface Submission {
  readonly request: JobRequest;
  /** Holds the images that came with the request. */
  readonly draft: JobDraft;
  readonly idempotency: Idempotency | null;
  /** The id of the request in the log. */
  readonly requestId: string;
  /** The span of the request, if there are traces. */
  readonly requests: Entry["requests"];
}
