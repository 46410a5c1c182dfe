/** Answers one request: checks what it contains, calls the route, and writes the answer or the problem. */
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Settings, UrlBytes } from "../../app/index.js";
import { unlessAborted } from "../../kit/index.js";
import { errorForms } from "../wire/error-forms.js";
import { type Problem, problemOf, Refused } from "../wire/problems.js";
import type { Seat } from "./admission.js";
import type { CollectionAccess } from "./collection-access.js";
import { readLines } from "./lines.js";
import { fingerprintOf, idempotencyKeyOf } from "./repeatable.js";
import { RequestEnding } from "./request-ending.js";
import type { OpenRequest } from "./request-log.js";
import type { Answer, Route, ServerContext } from "./route.js";
import { incomingOf, readForm } from "./uploads.js";
import { checked } from "./validation.js";

export interface AnsweringOptions {
  /** Fires when the time to drain is over. */
  readonly hard: AbortSignal;
  readonly open: OpenRequest | undefined;
  /** undefined: the request waits for no other. Checks of health and event streams must not. */
  readonly seat: Seat | undefined;
  /** Name of the client: its key, otherwise its address. */
  readonly clientName: string;
  readonly access: CollectionAccess;
}

/**
 * Calls the route. Its signal fires when the client goes away, `hard` fires or the time for the answer is over. With an `Idempotency-Key`,
 * the work goes on without its client.
 */
export async function answer(
  each: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  context: ServerContext,
  { hard, open, seat, clientName, access }: AnsweringOptions,
): Promise<Answer> {
  const { admission, keptAnswers, settings } = context;
  const client = open?.key ?? null;
  const spans = open?.span ? [open.span.context] : [];
  const key = idempotencyKeyOf(each, request.headers, client);
  const ending = new RequestEnding(reply, { hard, onClientGone: key === null ? "abort" : "continue" });
  const { signal } = ending;
  try {
    const params = each.params === undefined ? undefined : checked(each.params, request.params);
    const query = each.query === undefined ? undefined : checked(each.query, request.query);
    const given = { params, query, body: undefined, headers: request.headers };
    const call = { ...context, ...given, client, access, requestId: request.id, spans, signal };
    const incoming = each.stream === undefined ? null : incomingOf(request, { settings, fields: Object.keys(each.stream.fields.shape) });
    const received =
      incoming === null ? each.bytes?.receive(chunksOf(request, each.bytes.mediaType), call) : each.stream?.receive(incoming, call);
    const body = received === undefined ? await bodyOf(each, request, query, settings) : await received;
    ending.allow(settings.server.requestTimeout * 1000);
    const run = (urlBytes = context.urlBytes): Promise<Answer> => each.answer({ ...call, urlBytes, body });
    const unused = async (): Promise<void> => (incoming === null ? undefined : each.stream?.discard(body));
    const work = (): Promise<Answer> =>
      seat === undefined ? run() : workInTurn((begin) => admission.work(clientName, signal, begin), { run, unused });
    const fingerprint = (): string => fingerprintOf(params, query, body, headersOf(each, request));
    const answered = (): Promise<Answer> => (key === null ? work() : keptAnswers.answer({ key, fingerprint: fingerprint() }, work));
    return await unlessAborted(seat === undefined ? answered() : seat.during(answered), signal, each.name);
  } catch (error) {
    if (ending.isLate) throw new Refused("deadline_passed");
    throw error;
  } finally {
    ending.dispose();
  }
}

/** Waits for the turn of a request. If it does not come, calls `unused` instead of `run`. */
async function workInTurn(
  inTurn: (begin: (urlBytes: UrlBytes) => Promise<Answer>) => Promise<Answer>,
  { run, unused }: { readonly run: (urlBytes: UrlBytes) => Promise<Answer>; readonly unused: () => Promise<void> },
): Promise<Answer> {
  let hasBegun = false;
  try {
    return await inTurn((urlBytes) => {
      hasBegun = true;
      return run(urlBytes);
    });
  } finally {
    if (!hasBegun) await unused();
  }
}

/** The headers that the route has in its description. */
function headersOf({ headers }: Route, request: FastifyRequest): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.keys(headers?.shape ?? {}).map((name) => [name, request.headers[name]]));
}

/** Throws `media_type_unsupported` for a body that is no bytes. */
function chunksOf({ body, headers: { "content-type": type } }: FastifyRequest, mediaType: string): Readable {
  if (body instanceof Readable && type?.startsWith(mediaType) === true) return body;
  throw new Refused("media_type_unsupported", `content-type: expected ${mediaType}, found another or none.`);
}

async function bodyOf(
  { body, form, lines }: Route,
  request: FastifyRequest,
  query: unknown,
  { server }: Pick<Settings, "server">,
): Promise<unknown> {
  if (body === undefined) return undefined;
  if (request.body instanceof Readable) {
    if (lines === undefined) throw new Refused("media_type_unsupported", "Send the body as application/json.");
    return lines.toBody(await readLines(request.body, { line: lines.line, maxBodyMb: server.maxBodyMb }), query);
  }
  if (!request.isMultipart()) return checked(body, request.body === undefined ? {} : request.body);
  if (form === undefined) throw new Refused("media_type_unsupported", "Send the body as application/json.");
  const given = await readForm(request, server);
  checked(form.fields, given.fields);
  return form.toBody(given);
}

export function send(reply: FastifyReply, { status, body, content, headers: more = {} }: Answer): FastifyReply {
  void reply.code(status).headers(more);
  if (content !== undefined) return reply.type(content.mediaType).send(content.data);
  return body === undefined ? reply.send() : reply.type("application/json").send(JSON.stringify(body));
}

/** Answers with the problem of an error, in the form of the route, and returns the problem. */
export function sendProblem(reply: FastifyReply, error: unknown, form: Route["errors"] = "problem"): Problem {
  const { problem, headers } = problemOf(error);
  const { mediaType, body } = errorForms[form];
  void reply
    .code(problem.status)
    .headers(headers)
    .type(mediaType)
    .send(JSON.stringify(body(problem, reply.request.id)));
  return problem;
}
