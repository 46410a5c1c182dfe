/** Whether the server lives, and whether it can answer. */
import { type Route, route } from "../route.js";
import * as wire from "../wire.js";

export const healthRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/health/live",
    name: "live",
    summary: "Tells that the process answers requests. Restart it if this fails.",
    tag: "Health",
    scope: null,
    answers: { 200: { description: "The process answers.", schema: wire.live } },
    answer: async () => ({ status: 200, body: { live: true } }),
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
