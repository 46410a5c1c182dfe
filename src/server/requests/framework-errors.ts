/** Translates errors of Fastify, its multipart plugin and Node's HTTP parser. */

import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { problemOf, Refused, type RequestCode } from "../wire/problems.js";

const codes: Readonly<Record<string, RequestCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "body_too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "media_type_unsupported",
  FST_ERR_CTP_EMPTY_JSON_BODY: "json_invalid",
  FST_ERR_CTP_INVALID_JSON_BODY: "json_invalid",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "request_malformed",
  FST_ERR_BAD_URL: "route_not_found",
  FST_ERR_ASYNC_CONSTRAINT: "request_malformed",
  FST_ERR_MAX_PARAM_LENGTH: "route_not_found",
  FST_REQ_FILE_TOO_LARGE: "body_too_large",
  FST_FILES_LIMIT: "body_too_large",
  FST_PARTS_LIMIT: "body_too_large",
  FST_FIELDS_LIMIT: "body_too_large",
  FST_CP_ERR_INVALID_CONTENT: "request_malformed",
  FST_CP_ERR_INVALID_CONTENT_ENCODING: "media_type_unsupported",
  FST_PROTO_VIOLATION: "multipart_invalid",
  FST_INVALID_MULTIPART_CONTENT_TYPE: "media_type_unsupported",
  ERR_HTTP_REQUEST_TIMEOUT: "body_too_slow",
  HPE_HEADER_OVERFLOW: "headers_too_large",
};

const otherMediaType = "content-type: expected application/json, or multipart/form-data for files, found another.";
const details: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: otherMediaType,
  FST_INVALID_MULTIPART_CONTENT_TYPE: otherMediaType,
  FST_CP_ERR_INVALID_CONTENT: "body: expected it to be compressed as content-encoding says, found other bytes.",
  FST_CP_ERR_INVALID_CONTENT_ENCODING: "content-encoding: expected gzip or br, or zstd on Node 22.15 and newer, found another one.",
  FST_FIELDS_LIMIT: "fields: expected each text field once, found more.",
};

/** Returns what a route has thrown itself unchanged. */
export function fromFrameworkError(thrown: unknown): unknown {
  if (thrown instanceof Refused || !(thrown instanceof Error)) return thrown;
  const { code = "", statusCode = 500 } = thrown as { code?: string; statusCode?: number };
  const known = codes[code];
  if (known !== undefined) return new Refused(known, details[code], known === "body_too_large" ? { headers: { connection: "close" } } : {});
  if (isMultipartError(thrown)) return new Refused("multipart_invalid");
  if (thrown instanceof SyntaxError && statusCode === 400) return new Refused("json_invalid");
  return statusCode >= 400 && statusCode < 500 ? new Refused("request_malformed") : thrown;
}

/** The parser of multipart bodies throws plain errors. */
function isMultipartError({ message }: Error): boolean {
  return /^(Unexpected end of (form|multipart data|file)|Part terminated early|Malformed (part header|content type)|Multipart: |premature close)/i.test(
    message,
  );
}

/** Answers a connection on which no valid request has arrived, and closes it. */
export function onBrokenConnection(error: { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { problem } = problemOf(new Refused(codes[error.code ?? ""] ?? "request_malformed"));
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
