/** What the server can do: the OpenAPI document, and a page about it for people. */
import { referencePage, referencePagePolicy } from "../openapi/page.js";
import { type Route, route } from "../route.js";
import * as wire from "../wire.js";

export const referenceRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/openapi.json",
    name: "openApiDocument",
    summary: "Describes all operations, as an OpenAPI 3.1 document.",
    tag: "Reference",
    scope: null,
    answers: { 200: { description: "The document.", schema: wire.openApi } },
    answer: async ({ document }) => ({ status: 200, body: document() }),
  }),
  route({
    method: "GET",
    path: "/docs",
    name: "referencePage",
    summary: "Shows all operations, as a page for people.",
    tag: "Reference",
    scope: null,
    answers: { 200: { description: "The page. It loads nothing else.", schema: wire.page, mediaType: "text/html" } },
    answer: async ({ document }) => ({
      status: 200,
      content: { mediaType: "text/html; charset=utf-8", data: referencePage(document()) },
      headers: { "content-security-policy": referencePagePolicy },
    }),
  }),
];
