/** What the log says about requests: one line per request, and one more per failure that the answer does not explain. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { HeadraceError } from "../../contracts/index.js";
import type { Log } from "../telemetry/log.js";
import type { RequestSpan } from "../telemetry/request-span.js";
import { Refused } from "../wire/problems.js";

/** The status in the log of a request whose client closed the connection before the answer. Proxies use the same number. */
const clientGoneStatus = 499;

/** What is known of a request while it is open. */
export interface OpenRequest {
  readonly startedMs: number;
  key: string | null;
  code: string | null;
  /** True when the client closed the connection before the answer. */
  isGone: boolean;
  /** null: the request has no span. */
  readonly span: RequestSpan | null;
}

/** The status that was sent, or that of a client that did not wait. */
export function statusOf(reply: FastifyReply): number {
  return reply.raw.writableFinished ? reply.statusCode : clientGoneStatus;
}

export function logRequest(log: Log, request: FastifyRequest, reply: FastifyReply, state: OpenRequest | undefined): void {
  const isGone = state?.isGone ?? false;
  const status = isGone ? clientGoneStatus : reply.statusCode;
  const [path = ""] = request.url.split("?");
  const ms = state === undefined ? null : Math.round((performance.now() - state.startedMs) * 10) / 10;
  const level = status >= 500 ? "error" : status === 429 ? "warn" : "info";
  log(path.startsWith("/health") && status < 400 ? "debug" : level, "request", {
    request_id: request.id,
    method: request.method,
    path: path.slice(0, 200),
    status,
    ms,
    bytes_in: Number(request.headers["content-length"] ?? 0),
    bytes_out: Number(reply.getHeader("content-length") ?? 0),
    key: state?.key ?? null,
    code: isGone ? "client_gone" : (state?.code ?? null),
    ...(state?.span ? { trace_id: state.span.context.traceId, span_id: state.span.context.spanId } : {}),
  });
}

/** Logs what the answer does not show: the message, and the stack of an unknown error. */
export function logFailure(log: Log, requestId: string, status: number, thrown: unknown): void {
  if (thrown instanceof Refused) return;
  const error = HeadraceError.from(thrown);
  if (error.code === "aborted") return;
  const stack = error.code === "unexpected" && error.cause instanceof Error ? { stack: error.cause.stack } : {};
  log(status >= 500 ? "error" : "warn", "failure", { request_id: requestId, code: error.code, message: error.message, ...stack });
}
