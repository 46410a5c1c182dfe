/** The forms of errors: problem details (RFC 9457), and those that clients of other services understand. */
import type * as z from "zod";
import type { Problem } from "./problems.js";
import * as wire from "./wire.js";
import * as openai from "./wire-openai.js";
import * as pythonService from "./wire-python-service.js";

export type ErrorForm = "problem" | "openai" | "python-service";

interface Form {
  readonly mediaType: string;
  readonly schema: z.ZodType;
  readonly body: (problem: Problem, requestId: string) => object;
}

export const errorForms: Readonly<Record<ErrorForm, Form>> = {
  problem: {
    mediaType: "application/problem+json",
    schema: wire.problem,
    body: (problem, request_id) => ({ ...problem, request_id }),
  },
  openai: { mediaType: "application/json", schema: openai.error, body: openAiError },
  "python-service": {
    mediaType: "application/json",
    schema: pythonService.error,
    body: ({ code, title, detail }) => ({ detail: detail ?? title, code }),
  },
};

const openAiTypes: Readonly<Record<number, string>> = { 401: "authentication_error", 403: "permission_error", 429: "rate_limit_error" };

function openAiError({ status, code, title, detail, errors }: Problem): object {
  const type = openAiTypes[status] ?? (status >= 500 || status === 424 ? "server_error" : "invalid_request_error");
  return { error: { message: detail ?? title, type, param: errors?.[0]?.path.split(".")[0] || null, code } };
}
