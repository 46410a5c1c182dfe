/** The jobs of the service. */
import type { Client } from "./client.js";
import { eventsIn } from "./event-stream.js";
import type { Failure, Job, JobResult, NewJob, Picture } from "./job-types.js";
import { Pauses, retrying } from "./retrying.js";

export type JobNews = { readonly kind: "job"; readonly job: Job } | { readonly kind: "picture"; readonly picture: Picture };

export const isEnded = ({ state }: Pick<Job, "state">): boolean => state === "completed" || state === "failed" || state === "cancelled";

export async function listJobs(client: Client, signal?: AbortSignal): Promise<readonly Job[]> {
  return (await client.json<{ jobs: Job[] }>("GET", "/v1/jobs", { signal })).jobs;
}

/** Waits while the service does not answer. */
export function getJob(client: Client, id: string, signal: AbortSignal): Promise<Job> {
  return retrying(() => client.json<Job>("GET", pathOf(id), { signal }), signal);
}

export function startJob(client: Client, job: NewJob): Promise<Job> {
  return client.json("POST", "/v1/jobs", { body: job });
}

export function cancelJob(client: Client, id: string): Promise<Job> {
  return client.json("POST", `${pathOf(id)}/cancel`);
}

/** Without codes, all failures are tried again. */
export function retryJob(client: Client, id: string, codes: readonly string[]): Promise<Job> {
  return client.json("POST", `${pathOf(id)}/retry`, { body: { codes } });
}

export async function forgetJob(client: Client, id: string): Promise<void> {
  await client.send("DELETE", pathOf(id));
}

export function jobResult(client: Client, id: string, signal: AbortSignal): Promise<JobResult> {
  return retrying(() => client.json<JobResult>("GET", `${pathOf(id)}/result`, { signal }), signal);
}

export async function jobFailures(client: Client, id: string, signal: AbortSignal): Promise<readonly Failure[]> {
  const ask = () => client.json<{ failures: Failure[] }>("GET", `${pathOf(id)}/failures?limit=1000`, { signal });
  return (await retrying(ask, signal)).failures;
}

/** Calls `onNews` for each event until the job has ended or `signal` fires. Connects again when the connection breaks, until the job is gone. */
export async function watchJob(client: Client, id: string, onNews: (news: JobNews) => void, signal: AbortSignal): Promise<void> {
  let lastId: string | null = null;
  const pauses = new Pauses();
  while (!signal.aborted) {
    const headers: Record<string, string> = { accept: "text/event-stream", ...(lastId === null ? {} : { "last-event-id": lastId }) };
    const response = await retrying(() => client.send("GET", `${pathOf(id)}/events`, { signal, headers }), signal);
    if (response.status === 204 || response.body === null) return;
    try {
      for await (const event of eventsIn(response.body)) {
        lastId = event.id;
        pauses.reset();
        const news = newsOf(event.name, event.data);
        if (news === null) continue;
        onNews(news);
        if (news.kind === "job" && isEnded(news.job)) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof TypeError)) throw error;
    }
    await pauses.next(signal);
  }
}

function newsOf(name: string, data: string): JobNews | null {
  if (name === "job") return { kind: "job", job: JSON.parse(data) as Job };
  return name === "picture" ? { kind: "picture", picture: JSON.parse(data) as Picture } : null;
}

const pathOf = (id: string): string => `/v1/jobs/${encodeURIComponent(id)}`;
