/** Jobs, pictures and failures as clients get them. */
import type { DeadLetter, ReportedFailure } from "../../app/index.js";
import { errorCodes } from "../../contracts/index.js";
import { itemProblem } from "../wire/problems.js";
import { snakeCased } from "../wire/snake-case.js";
import type { JobEvent } from "./event-log.js";
import type { Job } from "./job.js";
import type { Picture } from "./live-picture.js";

export function jobView({ id, state, request, given, createdAt, startedAt, endedAt, attempts, total, counts, error }: Job): object {
  const { kind, collection, sources, listing, retry, snapshotOf } = request;
  const { badLines, ...options } = listing;
  return {
    id,
    kind: retry === null ? kind : "retry",
    state,
    collection,
    sources,
    given,
    options: snakeCased({ ...options, ...(badLines === undefined ? {} : { onBadLine: badLines }) }),
    retry_of: retry?.of ?? null,
    snapshot_of: snapshotOf,
    created_at: createdAt,
    started_at: startedAt,
    ended_at: endedAt,
    attempts,
    total,
    counts,
    error: error === null ? null : itemProblem(error),
  };
}

/** null: the job has no report, because it did not begin. */
export function resultView({ report }: Job): object | null {
  if (report === null) return null;
  const { failures: _, deadLetters: __, ...rest } = report;
  return snakeCased(rest) as object;
}

export function failureView({ source, id, code, message, attempts, time }: DeadLetter): object {
  const hint = code in errorCodes ? errorCodes[code as keyof typeof errorCodes].hint : "";
  return { source, id: id ?? null, problem: itemProblem({ code, message, hint }), attempts, time };
}

/** One event in the form of server-sent events. null: a comment that keeps the connection open. */
export function eventText(event: JobEvent | null): string {
  if (event === null) return ": waiting\n\n";
  const data = event.name === "job" ? jobView(event.data) : pictureView(event.data);
  return `id: ${event.id}\nevent: ${event.name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function pictureView({ recentFailures, ...picture }: Picture): object {
  return { ...(snakeCased(picture) as object), recent_failures: recentFailures.map(recentView) };
}

function recentView({ source, ...failure }: ReportedFailure): object {
  return { source, problem: itemProblem(failure) };
}
