/** What the server can do: its limits, the OpenAPI document, and a page about it for people. */
import { imageExtensions } from "../../kit/index.js";
import { referencePagePolicy } from "../openapi/page.js";
import { type Route, route } from "../requests/route.js";
import * as wire from "../wire/wire.js";

export const referenceRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/service",
    name: "service",
    summary: "Tells the version of the server, its limits, and which kinds of search it has.",
    tag: "Reference",
    scope: "read",
    limitedKeys: "allowed",
    answers: { 200: { description: "The server.", schema: wire.service } },
    answer: async ({ pipeline, version, settings: { server }, headers, scopesOf }) => {
      const texts = await pipeline.textSearch();
      const body = {
        version,
        default_collection: pipeline.defaultCollection,
        max_images: server.maxImages,
        max_body_mb: server.maxBodyMb,
        image_extensions: [...imageExtensions],
        text_search: texts !== "none",
        texts: texts === "any text" ? "any" : texts,
        scopes: scopesOf(headers.authorization),
      };
      return { status: 200, body };
    },
  }),
  route({
    method: "GET",
    path: "/openapi.json",
    name: "openApiDocument",
    summary: "Describes all operations, as an OpenAPI 3.1 document.",
    tag: "Reference",
    scope: null,
    answers: { 200: { description: "The document.", schema: wire.openApi } },
    answer: async ({ reference }) => ({ status: 200, content: { mediaType: "application/json", data: reference.document } }),
  }),
  route({
    method: "GET",
    path: "/docs",
    name: "referencePage",
    summary: "Shows all operations, as a page for people.",
    tag: "Reference",
    scope: null,
    answers: { 200: { description: "The page. It loads nothing else.", schema: wire.page, mediaType: "text/html" } },
    answer: async ({ reference }) => ({
      status: 200,
      content: { mediaType: "text/html; charset=utf-8", data: reference.page },
      headers: { "content-security-policy": referencePagePolicy },
    }),
  }),
];
