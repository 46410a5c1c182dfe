/** Whether the server lives, and whether it can answer. */
import { stalledStages } from "../jobs/stalled-stages.js";
import { type Route, route } from "../requests/route.js";
import * as wire from "../wire/wire.js";

export const healthRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/health/live",
    name: "live",
    summary: "Tells that the process answers requests, and that no worker of a job hangs. Restart it if this fails.",
    tag: "Health",
    scope: null,
    answers: {
      200: { description: "The process answers, and its workers work.", schema: wire.live },
      503: { description: "A worker hangs.", schema: wire.live },
    },
    answer: async ({ jobs, settings }) => {
      const stalled = stalledStages(jobs.runs, settings.server.stallTimeout);
      return { status: stalled.length === 0 ? 200 : 503, body: { live: stalled.length === 0, stalled } };
    },
  }),
  route({
    method: "GET",
    path: "/health/ready",
    name: "ready",
    summary: "Tells whether requests can succeed: makes a real inference, and a real query if a collection has rows.",
    tag: "Health",
    scope: null,
    answers: {
      200: { description: "Embedder and store work.", schema: wire.ready },
      503: { description: "A part does not work, or the server is stopping.", schema: wire.ready },
    },
    answer: async ({ isStopping, readiness }) => {
      if (isStopping()) return { status: 503, body: { ready: false, parts: [] }, headers: { "retry-after": "1" } };
      const body = await readiness.now();
      return body.ready ? { status: 200, body } : { status: 503, body, headers: { "retry-after": "1" } };
    },
  }),
];
