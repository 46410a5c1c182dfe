/** What this server can do, for clients that adapt to it. */
import { type Route, route } from "../route.js";
import * as wire from "../wire.js";

export function serviceRoutes(version: string): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/service",
      name: "service",
      summary: "Tells the version of the server, its limits, and which kinds of search it has.",
      scope: "read",
      answers: { 200: { description: "The server.", schema: wire.service } },
      answer: async ({ pipeline, settings: { server } }) => ({
        status: 200,
        body: {
          version,
          default_collection: pipeline.defaultCollection,
          max_images: server.maxImages,
          max_body_mb: server.maxBodyMb,
          text_search: false,
        },
      }),
    }),
  ];
}
