/** The span of one HTTP request, in the stable semantic conventions for HTTP servers. */
import type { IncomingHttpHeaders } from "node:http";
import type { Attributes, Span, SpanContext, SpanStatusCode } from "@opentelemetry/api";

export interface RequestStart {
  readonly id: string;
  readonly method: string;
  /** The path of the route, with parameters in braces. */
  readonly route: string;
  /** The path of the address, without the part after the question mark. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Address of the client. */
  readonly client: string;
}

export interface RequestEnd {
  /** null: the client went away before the answer. */
  readonly status: number | null;
  /** The code of the problem. null: there was none. */
  readonly code: string | null;
}

/** The span of a request that is not answered yet. */
export interface RequestSpan {
  /** What spans of the work for this request name as their parent. */
  readonly context: SpanContext;
  end(end: RequestEnd): void;
}

export function requestAttributes({ id, method, route, path, headers, client }: RequestStart): Attributes {
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(headers.host ?? "") ?? [];
  return {
    "headrace.request.id": id,
    "http.request.method": method,
    "http.route": route,
    "url.path": path,
    "url.scheme": "http",
    "client.address": client,
    ...(host ? { "server.address": host } : {}),
    ...(port === undefined ? {} : { "server.port": Number(port) }),
    ...(headers["user-agent"] === undefined ? {} : { "user_agent.original": headers["user-agent"] }),
  };
}

export function startedRequest(span: Span, errorStatus: SpanStatusCode.ERROR): RequestSpan {
  return {
    context: span.spanContext(),
    end: ({ status, code }) => {
      if (status !== null) span.setAttribute("http.response.status_code", status);
      const error = status === null ? "client_gone" : status >= 400 ? (code ?? String(status)) : null;
      if (error !== null) span.setAttribute("error.type", error);
      // A refused request is no error of the server.
      if (status !== null && status >= 500) span.setStatus({ code: errorStatus });
      span.end();
    },
  };
}
