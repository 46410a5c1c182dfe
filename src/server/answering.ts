/** Answers one request: checks what it contains, calls the route, and writes the answer or the problem. */
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Settings } from "../app/index.js";
import { HeadraceError } from "../contracts/index.js";
import { listenForAbort } from "../kit/index.js";
import { type Problem, problemOf, Refused } from "./problems.js";
import type { Answer, Route, ServerContext } from "./route.js";
import { incomingOf, readForm } from "./uploads.js";
import { checked } from "./validation.js";

/** Calls the route. Its signal fires when the client goes away or `hard` fires. */
export async function answer(
  each: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  context: ServerContext,
  { hard, client }: { readonly hard: AbortSignal; readonly client: string | null },
): Promise<Answer> {
  const ending = new AbortController();
  const onHardStop = (): void => ending.abort(hard.reason);
  const onClose = (): void => {
    if (!reply.raw.writableFinished) ending.abort(new HeadraceError("aborted", "the client closed the connection"));
  };
  reply.raw.once("close", onClose);
  listenForAbort(hard, onHardStop);
  try {
    const params = each.params === undefined ? undefined : checked(each.params, request.params);
    const query = each.query === undefined ? undefined : checked(each.query, request.query);
    const call = {
      ...context,
      params,
      query,
      body: undefined,
      headers: request.headers,
      client,
      requestId: request.id,
      signal: ending.signal,
    };
    const incoming = each.stream === undefined ? null : incomingOf(request, context.settings);
    const body = incoming === null ? await bodyOf(each, request, context.settings) : await each.stream?.receive(incoming, call);
    return await each.answer({ ...call, body });
  } finally {
    reply.raw.off("close", onClose);
    hard.removeEventListener("abort", onHardStop);
  }
}

async function bodyOf({ body, form }: Route, request: FastifyRequest, settings: Settings): Promise<unknown> {
  if (body === undefined) return undefined;
  if (request.body instanceof Readable) throw new Refused("media_type_unsupported", "Send the body as application/json.");
  if (!request.isMultipart()) return checked(body, request.body === undefined ? {} : request.body);
  if (form === undefined) throw new Refused("media_type_unsupported", "Send the body as application/json.");
  const given = await readForm(request, settings.server);
  checked(form.fields, given.fields);
  return form.toBody(given);
}

export function send(reply: FastifyReply, { status, body, content, headers: more = {} }: Answer): FastifyReply {
  void reply.code(status).headers(more);
  if (content !== undefined) return reply.type(content.mediaType).send(content.data);
  return body === undefined ? reply.send() : reply.type("application/json").send(JSON.stringify(body));
}

/** Answers with the problem of an error, in the form of the route, and returns the problem. */
export function sendProblem(reply: FastifyReply, error: unknown, form: Route["errors"]): Problem {
  const { problem, headers } = problemOf(error);
  void reply.code(problem.status).headers(headers);
  if (form === "openai") void reply.type("application/json").send(JSON.stringify(openAiError(problem)));
  else void reply.type("application/problem+json").send(JSON.stringify({ ...problem, request_id: reply.request.id }));
  return problem;
}

/** The same in the form of OpenAI. */
function openAiError({ status, code, title, detail, errors }: Problem): object {
  const types: Readonly<Record<number, string>> = { 401: "authentication_error", 403: "permission_error", 429: "rate_limit_error" };
  const type = types[status] ?? (status >= 500 || status === 424 ? "server_error" : "invalid_request_error");
  return { error: { message: detail ?? title, type, param: errors?.[0]?.path.split(".")[0] || null, code } };
}
