/** Fastify with our limits, parsers and headers. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Settings } from "../../app/index.js";
import { mebibyte } from "../../kit/index.js";
import { partType } from "../wire/wire-uploads.js";
import { sendProblem } from "./answering.js";
import { compressBodies } from "./compression.js";
import { fromFrameworkError, onBrokenConnection } from "./framework-errors.js";
import { linesTypes } from "./route.js";
import type { Certificate } from "./tls.js";
import { loadFastify } from "./vendor.js";

/** What every answer says to browsers. */
export const safeHeaders: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export interface AppOptions {
  /** Null: the server speaks plain HTTP. */
  readonly certificate: Certificate | null;
  /** Whether a request with the type of a body may have none. */
  readonly mayLackBody: (request: FastifyRequest) => boolean;
}

export async function makeApp(
  { maxBodyMb, bodyTimeout, trustedProxies }: Settings["server"],
  { certificate, mayLackBody }: AppOptions,
): Promise<FastifyInstance> {
  const { fastify, multipart } = await loadFastify();
  const connections = {
    // Node's own answer would have no problem.
    requireHostHeader: false,
    connectionsCheckingInterval: Math.min(5000, bodyTimeout * 500),
    headersTimeout: Math.min(30, bodyTimeout) * 1000,
  };
  const app: FastifyInstance = fastify({
    logger: false,
    ...(trustedProxies.length > 0 && { trustProxy: [...trustedProxies] }),
    bodyLimit: maxBodyMb * mebibyte,
    // The time of bodies depends on the route.
    requestTimeout: 0,
    ...(certificate === null ? { http: connections } : { https: { ...connections, ...certificate } }),
    forceCloseConnections: "idle",
    return503OnClosing: false,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    genReqId: ({ headers: { "x-request-id": given } }) =>
      typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID(),
    clientErrorHandler: onBrokenConnection,
    frameworkErrors: (error, request, reply) => {
      void reply.headers({ ...safeHeaders, "x-request-id": request.id });
      sendProblem(reply as FastifyReply, fromFrameworkError(error), undefined);
    },
    routerOptions: { maxParamLength: 4096 },
  });
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, text, done) => {
    if (text === "" && mayLackBody(request)) done(null, undefined);
    else void parseJson(request, text, done);
  });
  app.removeContentTypeParser("text/plain");
  app.addContentTypeParser([...linesTypes, partType], (_request, payload, done) => done(null, payload));
  await app.register(multipart);
  await compressBodies(app);
  return app;
}
