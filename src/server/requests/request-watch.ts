/** Follows each request from its headers to its end, in metrics, traces and the log. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Log } from "../telemetry/log.js";
import type { Telemetry } from "../telemetry/telemetry.js";
import type { ApiKey } from "./keys.js";
import { logFailure, logRequest, type OpenRequest, statusOf } from "./request-log.js";

export interface RequestWatchOptions {
  readonly telemetry: Telemetry;
  readonly log: Log;
  /** Whether the request gets a span. */
  readonly isTraced: (request: FastifyRequest) => boolean;
}

export class RequestWatch {
  readonly #options: RequestWatchOptions;
  readonly #open = new WeakMap<FastifyRequest, OpenRequest>();

  constructor(options: RequestWatchOptions) {
    this.#options = options;
  }

  begin(request: FastifyRequest, reply: FastifyReply): void {
    const { telemetry, log, isTraced } = this.#options;
    const span = isTraced(request) ? telemetry.traceRequest(startOf(request)) : null;
    const state: OpenRequest = { startedMs: performance.now(), key: null, code: null, isGone: false, span };
    this.#open.set(request, state);
    telemetry.requestStarted();
    reply.raw.once("close", () => {
      const seconds = (performance.now() - state.startedMs) / 1000;
      telemetry.requestEnded({ method: request.method, route: routeOf(request), status: statusOf(reply), seconds });
      // Fastify does not call onResponse then.
      state.isGone = !reply.raw.writableFinished;
      span?.end({ status: state.isGone ? null : reply.statusCode, code: state.code });
      if (state.isGone) logRequest(log, request, reply, state);
    });
  }

  /** `key`: the API key of the request, if the server has keys. */
  identified(request: FastifyRequest, key: ApiKey | null): void {
    const state = this.#open.get(request);
    if (state !== undefined) state.key = key?.name ?? null;
  }

  /** Logs a request that got its answer. */
  answered(request: FastifyRequest, reply: FastifyReply): void {
    const state = this.#open.get(request);
    if (state?.isGone !== true) logRequest(this.#options.log, request, reply, state);
  }

  failed(request: FastifyRequest, { code, status }: { readonly code: string; readonly status: number }, error: unknown): void {
    const state = this.#open.get(request);
    if (state !== undefined) state.code = code;
    if (status >= 500 || status === 424) logFailure(this.#options.log, request.id, status, error);
  }

  of(request: FastifyRequest): OpenRequest | undefined {
    return this.#open.get(request);
  }
}

/** The path of the route as OpenAPI writes it; empty for a path without a route. */
const routeOf = ({ routeOptions: { url } }: FastifyRequest): string => url?.replace(/:(\w+)/g, "{$1}") ?? "";

function startOf(request: FastifyRequest) {
  const { id, method, url, headers, ip } = request;
  return { id, method, route: routeOf(request), path: url.split("?")[0] ?? "", headers, client: ip };
}
