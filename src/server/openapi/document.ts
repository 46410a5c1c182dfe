/** The OpenAPI document, made from the routes and the schemas that check requests. */
import type * as z from "zod";
import { idempotencyKeyPattern, isRepeatable } from "../requests/repeatable.js";
import { type DescribedAnswer, linesTypes, type Route, tags } from "../requests/route.js";
import { errorForms } from "../wire/error-forms.js";
import { ComponentSchemas, type JsonSchema } from "../wire/openapi-schemas.js";
import type { DocumentedAnswer, MediaType, OpenApiDocument, Operation, Parameter } from "../wire/openapi-shape.js";
import { type ProblemStatus, reasons } from "../wire/problem-reasons.js";

/** The version of the HTTP interface. It does not follow the version of the package. */
const apiVersion = "1.0.0";

export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const schemas = new ComponentSchemas();
  const paths: Record<string, Record<string, Operation>> = {};
  for (const each of routes) {
    paths[each.path] = { ...paths[each.path], [each.method.toLowerCase()]: operationOf(each, schemas) };
  }
  const used = new Set(routes.map(({ tag }) => tag));
  return {
    openapi: "3.1.0",
    info: {
      title: "Headrace",
      version: apiVersion,
      description:
        "Turns images into vectors, stores them, and finds similar images. Clients that send `Accept-Encoding` get larger answers in gzip, Brotli or zstd. Bodies in JSON and JSON lines may have a `Content-Encoding` of these.",
      license: { name: "Apache 2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: Object.entries(tags).flatMap(([name, description]) => ([...used].includes(name as Route["tag"]) ? [{ name, description }] : [])),
    paths,
    components: {
      schemas: schemas.components,
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "An API key of the server. Servers without keys need none." },
      },
    },
  };
}

function operationOf(each: Route, schemas: ComponentSchemas): Operation {
  const parameters = [
    ...parametersOf(each.params, "path", schemas),
    ...parametersOf(each.query, "query", schemas),
    ...parametersOf(each.headers, "header", schemas),
    // Streams are orders of jobs, which keep the keys of their requests themselves.
    ...(isRepeatable(each) || each.stream !== undefined ? [idempotencyKey] : []),
    ...(each.duration === "long" ? [lastEventId] : []),
  ];
  const content = bodyOf(each, schemas);
  return {
    operationId: each.name,
    summary: each.summary,
    tags: [each.tag],
    security: each.scope === null ? [] : [{ key: [] }],
    "x-scope": each.scope,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(content === null
      ? {}
      : { requestBody: { required: each.bytes !== undefined || each.body?.safeParse({}).success === false, content } }),
    responses: answersOf(each, schemas),
  };
}

const idempotencyKey: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "Requests with the same key are done once. Later ones get the same answer, for a day at most.",
  schema: { type: "string", pattern: idempotencyKeyPattern },
};

const lastEventId: Parameter = {
  name: "Last-Event-ID",
  in: "header",
  required: false,
  description: "The id of the last event that the client has. The stream continues after it.",
  schema: { type: "string" },
};

function parametersOf(schema: z.ZodObject | undefined, place: Parameter["in"], schemas: ComponentSchemas): readonly Parameter[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => {
    const { description, examples, ...json } = schemas.of(field as z.ZodType, "input");
    const [example] = (examples as readonly unknown[] | undefined) ?? [];
    return {
      name,
      in: place,
      required: !(field as z.ZodType).safeParse(undefined).success,
      ...(description === undefined ? {} : { description }),
      ...(example === undefined ? {} : { example }),
      schema: json,
    };
  });
}

function bodyOf(
  { body, form, stream, bytes, lines, examples = {} }: Route,
  schemas: ComponentSchemas,
): Readonly<Record<string, MediaType>> | null {
  if (bytes !== undefined) return { [bytes.mediaType]: { schema: binary } };
  if (body === undefined) return null;
  const named = Object.entries(examples).map(([name, value]) => [name, { value }] as const);
  const json = {
    schema: schemas.of(body, "input"),
    ...(named.length === 0 ? {} : { examples: Object.fromEntries(named) }),
  };
  const multipart = form ?? stream;
  const line = (stream ?? lines)?.line;
  return {
    "application/json": json,
    ...(multipart === undefined ? {} : { "multipart/form-data": { schema: formSchema(multipart, schemas) } }),
    // OpenAPI 3.1 has no word for the lines: the schema is that of one line.
    ...(line === undefined ? {} : Object.fromEntries(linesTypes.map((type) => [type, { schema: schemas.of(line, "input") }]))),
  };
}

const binary: JsonSchema = { type: "string", format: "binary" };

/** All parts with a file name are images, whatever the name of their field. */
function formSchema({ fields }: Pick<NonNullable<Route["form"]>, "fields">, schemas: ComponentSchemas): JsonSchema {
  const { properties = {}, required = [] } = schemas.of(fields, "input");
  const images = { type: "array", items: binary, description: "Image files." } as JsonSchema;
  return { type: "object", properties: { images, ...properties }, required: ["images", ...required] };
}

function answersOf(each: Route, schemas: ComponentSchemas): Readonly<Record<string, DocumentedAnswer>> {
  const replayed = isRepeatable(each) ? { "Idempotency-Replayed": "`true` if this is the answer of an earlier request." } : {};
  const own = Object.entries(each.answers).map(([status, { headers, ...answer }]) => {
    return [status, answerOf({ ...answer, headers: { ...headers, ...replayed } }, schemas)] as const;
  });
  const problems = problemStatuses(each).map((status) => [String(status), problemAnswer(status, each, schemas)] as const);
  return Object.fromEntries([...problems, ...own].sort(([a], [b]) => Number(a) - Number(b)));
}

function answerOf(
  { description, schema, mediaType = "application/json", headers = {} }: DescribedAnswer,
  schemas: ComponentSchemas,
): DocumentedAnswer {
  const described = Object.entries({ ...headers, ...ofAllAnswers }).map(([name, text]) => [name, headerOf(text)] as const);
  const media = schema === undefined ? {} : { schema: schemas.of(schema, "output") };
  return {
    description,
    headers: Object.fromEntries(described),
    ...(schema === undefined ? {} : { content: Object.fromEntries([mediaType].flat().map((each) => [each, media])) }),
  };
}

function problemAnswer(status: ProblemStatus, { errors = "problem" }: Route, schemas: ComponentSchemas): DocumentedAnswer {
  const { mediaType, schema } = errorForms[errors];
  const isBusy = status === 429 || status === 503;
  const headers = { ...(isBusy ? { "Retry-After": "Seconds until the next attempt." } : {}), ...ofAllAnswers };
  return {
    description: reasons[status],
    headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, headerOf(text)])),
    content: { [mediaType]: { schema: schemas.of(schema, "output") } },
  };
}

const ofAllAnswers = { "X-Request-Id": "The id of the request in the log: the one that the client has sent, or a new one." };

const headerOf = (description: string) => ({ description, schema: { type: "string" } });

/** Which problems an operation can have, from what it takes and does. */
function problemStatuses({
  scope,
  params,
  query,
  body,
  stream,
  errors,
  problems = [],
  needs = "model and store",
}: Route): readonly ProblemStatus[] {
  return [
    ...([400, 403, 431] as const),
    ...(scope === null ? [] : ([401, 429, 500, 503] as const)),
    ...(scope === null || needs === "nothing" ? [] : ([409, 424, 507] as const)),
    ...(params === undefined && query === undefined && stream === undefined && errors === undefined ? [] : ([404] as const)),
    ...(params === undefined && query === undefined && body === undefined ? [] : ([422] as const)),
    ...(body === undefined ? [] : ([408, 413, 415] as const)),
    ...problems,
  ];
}
