/** The metrics, as Prometheus reads them. */
import * as z from "zod";
import { type Route, route } from "../requests/route.js";

export const metricsRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/metrics",
    name: "metrics",
    summary: "The metrics of the server and its ingestions, in the text format of Prometheus.",
    tag: "Health",
    scope: "read",
    needs: "nothing",
    answers: { 200: { description: "The metrics.", mediaType: "text/plain", schema: z.string() } },
    answer: async ({ telemetry }) => {
      const { mediaType, text } = await telemetry.render();
      return { status: 200, content: { mediaType, data: text } };
    },
  }),
];
