/** Jobs: ingestions that the server runs by itself, and that survive its restart. */
import { Readable } from "node:stream";
import type { z } from "zod";
import { firstJobOf, type Idempotency } from "../jobs/job.js";
import { eventText, failureView, jobView, resultView } from "../jobs/views.js";
import { type Answer, type Call, type Incoming, type Route, route } from "../requests/route.js";
import { Refused } from "../wire/problems.js";
import { exampleDataUrl } from "../wire/wire.js";
import * as wire from "../wire/wire-jobs.js";
import { type Order, orderOfJson, orderOfRetry, orderOfSnapshot, orderOfStream } from "./receiving.js";
import { exportOf, jobOf } from "./snapshots.js";

type Params = z.output<typeof wire.jobParams>;
type NewJob = z.output<typeof wire.newJob> | Order;

const accepted = { description: "The job, which runs by itself.", schema: wire.job, headers: { location: "The path of the job." } };

export const jobRoutes: readonly Route[] = [
  route<undefined, NewJob, z.output<typeof wire.newJobQuery>>({
    method: "POST",
    path: "/v1/jobs",
    name: "createJob",
    summary: "Starts to ingest images, or makes or imports a snapshot of a collection. All but an export needs the scope write.",
    tag: "Jobs",
    scope: "read",
    limitedKeys: "allowed",
    query: wire.newJobQuery,
    body: wire.newJob,
    examples: {
      images: { collection: "pets", images: [{ url: exampleDataUrl, id: "dot" }] },
      snapshot: { kind: "export", collection: "pets" },
    },
    stream: { fields: wire.newJobForm, line: wire.jobImage, receive: receiveStream, discard: discardOrder },
    answers: { 200: { description: "The job of an earlier request with the same `Idempotency-Key`.", schema: wire.job }, 202: accepted },
    answer: async (call) => submitted(call, "draft" in call.body ? call.body : await orderOf(call.body, call)),
  }),
  route<undefined, undefined, z.output<typeof wire.listQuery>>({
    method: "GET",
    path: "/v1/jobs",
    name: "listJobs",
    summary: "Lists the jobs, the newest first.",
    tag: "Jobs",
    scope: "read",
    limitedKeys: "allowed",
    needs: "nothing",
    query: wire.listQuery,
    answers: { 200: { description: "The jobs.", schema: wire.jobs } },
    answer: async ({ jobs, access, query: { state, limit } }) => {
      const allowed = jobs.list().filter(({ request }) => access.allows(request.collection));
      const found = allowed.filter((job) => state === undefined || job.state === state);
      return { status: 200, body: { jobs: found.slice(0, limit).map(jobView) } };
    },
  }),
  route({
    method: "GET",
    path: "/v1/jobs/{id}",
    name: "getJob",
    summary: "Describes a job.",
    tag: "Jobs",
    scope: "read",
    limitedKeys: "allowed",
    needs: "nothing",
    params: wire.jobParams,
    answers: { 200: { description: "The job.", schema: wire.job } },
    answer: async (call) => ({ status: 200, body: jobView(jobOf(call)) }),
  }),
  route({
    method: "DELETE",
    path: "/v1/jobs/{id}",
    name: "deleteJob",
    summary: "Forgets a job that has ended, with its failures. The rows of its images stay.",
    tag: "Jobs",
    scope: "write",
    limitedKeys: "allowed",
    params: wire.jobParams,
    answers: { 204: { description: "The job is forgotten." } },
    answer: async (call) => {
      await call.jobs.delete(jobOf(call).id);
      return { status: 204 };
    },
  }),
  route({
    method: "POST",
    path: "/v1/jobs/{id}/cancel",
    name: "cancelJob",
    summary: "Stops a job. Images in flight are finished, and stored rows stay. A job that has ended stays as it is.",
    tag: "Jobs",
    scope: "write",
    limitedKeys: "allowed",
    params: wire.jobParams,
    answers: { 202: { description: "The job, which stops soon, or has ended.", schema: wire.job } },
    answer: async (call) => ({ status: 202, body: jobView(await call.jobs.cancel(jobOf(call).id)) }),
  }),
  route({
    method: "GET",
    path: "/v1/jobs/{id}/result",
    name: "jobResult",
    summary: "The report of a job that has ended: counts, the time of each stage, and what limited the speed.",
    tag: "Jobs",
    scope: "read",
    limitedKeys: "allowed",
    params: wire.jobParams,
    answers: { 200: { description: "The report.", schema: wire.jobResult } },
    answer: async (call) => {
      const body = resultView(jobOf(call));
      if (body === null) throw new Refused("job_active", "There is no report yet, or the job ended before it began.");
      return { status: 200, body };
    },
  }),
  route<Params, undefined, z.output<typeof wire.failuresQuery>>({
    method: "GET",
    path: "/v1/jobs/{id}/failures",
    name: "jobFailures",
    summary: "Lists the images that failed in a job.",
    tag: "Jobs",
    scope: "read",
    limitedKeys: "allowed",
    needs: "nothing",
    params: wire.jobParams,
    query: wire.failuresQuery,
    answers: { 200: { description: "The failures.", schema: wire.failures } },
    answer: async (call) => {
      const { letters, next } = await call.jobs.failures(jobOf(call).id, call.query);
      return { status: 200, body: { failures: letters.map(failureView), next_offset: next } };
    },
  }),
  route<Params, z.output<typeof wire.retryRequest>>({
    method: "POST",
    path: "/v1/jobs/{id}/retry",
    name: "retryJob",
    summary: "Starts a job that tries the failed images of another job again.",
    tag: "Jobs",
    scope: "write",
    limitedKeys: "allowed",
    params: wire.jobParams,
    body: wire.retryRequest,
    examples: { all: {}, some: { codes: ["timed_out", "source_unreadable"] } },
    answers: { 200: { description: "The job of an earlier request with the same `Idempotency-Key`.", schema: wire.job }, 202: accepted },
    answer: async (call) => {
      const job = jobOf(call);
      if (job.endedAt === null) throw new Refused("job_active");
      if (job.request.kind !== "ingest")
        throw new Refused("request_invalid", `id: expected a job that ingests, found an ${job.request.kind}.`);
      const retry = { of: job.id, codes: call.body.codes, first: firstJobOf(job) };
      return submitted(call, await orderOfRetry(retry, job.request.collection, call));
    },
  }),
  route({
    method: "GET",
    path: "/v1/jobs/{id}/events",
    name: "jobEvents",
    summary: "Streams what a job does, as server-sent events, until it has ended. `Last-Event-ID` continues after an event.",
    tag: "Jobs",
    scope: "read",
    limitedKeys: "allowed",
    needs: "nothing",
    duration: "long",
    params: wire.jobParams,
    answers: {
      200: {
        description: "Events `job` with a job, and `picture` with what it does.",
        schema: wire.jobEvent,
        mediaType: "text/event-stream",
      },
      204: { description: "The job has ended, and the client has its last event." },
    },
    answer: async (call) => {
      const last = call.headers["last-event-id"];
      const ending = new AbortController();
      const events = call.jobs.events(jobOf(call).id, typeof last === "string" ? last : undefined, ending.signal);
      if (events === null) return { status: 204 };
      const data = Readable.from(textsOf(events)).once("close", () => ending.abort());
      return { status: 200, content: { mediaType: "text/event-stream", data }, headers: { "x-accel-buffering": "no" } };
    },
  }),
];

type Creating<B> = Call<undefined, B, z.output<typeof wire.newJobQuery>>;

/** The scope of the route is that of an export. Throws `scope_missing`. */
function requireWrite({ scopesOf, headers, client }: Pick<Call<unknown, unknown>, "scopesOf" | "headers" | "client">): void {
  if (!scopesOf(headers.authorization).includes("write")) {
    throw new Refused("scope_missing", `The key ${client} does not have the scope write.`);
  }
}

async function receiveStream(incoming: Incoming, call: Creating<undefined>): Promise<Order> {
  requireWrite(call);
  return orderOfStream(incoming, call);
}

function orderOf(body: z.output<typeof wire.newJob>, call: Creating<unknown>): Promise<Order> {
  const { kind, collection, snapshot_of: id = "" } = body;
  call.access.check(collection);
  if (kind !== "export") requireWrite(call);
  if (kind === "ingest") return orderOfJson(body, call);
  return orderOfSnapshot(collection, kind === "export" ? null : exportOf({ ...call, params: { id } }), call);
}

async function* textsOf(events: AsyncGenerator<Parameters<typeof eventText>[0]>): AsyncGenerator<string> {
  for await (const event of events) yield eventText(event);
}

async function submitted(call: Call<unknown, unknown, unknown>, { request, draft, digest }: Order): Promise<Answer> {
  const { jobs, pipeline } = call;
  try {
    const idempotency = idempotencyOf(call, digest);
    // A missing collection is refused here, because an ingestion would create it.
    await pipeline.countIds(request.collection, []);
    const { job, isNew } = await jobs.submit({ request, draft, idempotency, requestId: call.requestId, requests: call.spans });
    return { status: isNew ? 202 : 200, body: jobView(job), headers: { location: `/v1/jobs/${job.id}` } };
  } finally {
    // Does nothing if the draft has become a job.
    await draft.discard();
  }
}

async function discardOrder(body: NewJob): Promise<void> {
  if ("draft" in body) await body.draft.discard();
}

function idempotencyOf({ headers, client }: Pick<Call<unknown, unknown>, "headers" | "client">, digest: string): Idempotency | null {
  const key = headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key !== "string" || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Refused("request_invalid", "Idempotency-Key: expected at most 255 printable characters without spaces, found others.");
  }
  return { key, client: client ?? "", digest };
}
