/** The paths of the Python service, so that its clients work with this server. Each does what the route under `/v1` does. */
import { keysOf } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { type GivenSource, identified, inputOf, refuseTooMany, sentImages } from "../insertions/sources.js";
import { type Route, type RouteOptions, route, type ServerContext } from "../requests/route.js";
import { Refused } from "../wire/problems.js";
import * as own from "../wire/wire.js";
import * as wire from "../wire/wire-python-service.js";
import { embedAll } from "./embeddings.js";

const common = { tag: "Python service", errors: "python-service" } as const satisfies Pick<RouteOptions<never, never>, "tag" | "errors">;
const described = (description: string, schema: RouteOptions<never, never>["answers"][number]["schema"]) => ({
  200: { description, ...(schema === undefined ? {} : { schema }) },
});

export const pythonServiceRoutes: readonly Route[] = [
  route({
    ...common,
    method: "GET",
    path: "/health",
    name: "pythonServiceHealth",
    summary: "Tells whether the embedder and the store work.",
    scope: null,
    answers: described("`degraded` if a part does not work.", wire.health),
    answer: async ({ readiness }) => {
      const { ready, parts } = await readiness.now();
      const components = Object.fromEntries(parts.map(({ name, ok }) => [name, ok]));
      return { status: 200, body: { status: ready ? "healthy" : "degraded", components } };
    },
  }),
  route({
    ...common,
    method: "POST",
    path: "/embed",
    name: "pythonServiceEmbed",
    summary: "Computes the vectors of images. If one image fails, the request fails.",
    scope: "read",
    limitedKeys: "allowed",
    body: wire.embedding,
    examples: { one: { inputs: [wire.example] } },
    answers: described("One vector per input.", wire.embedded),
    answer: async ({ body: { inputs }, signal, ...context }) => {
      const embeddings = (await embedAll(context, inputs.map(sourceOf), signal)).map((each) => {
        if ("error" in each) throw each.error;
        return [...each.vector];
      });
      return { status: 200, body: { embeddings, count: embeddings.length, embedding_dim: await context.pipeline.dimension() } };
    },
  }),
  route({
    ...common,
    method: "POST",
    path: "/insert",
    name: "pythonServiceInsert",
    summary: "Stores images. If some images fail, the others are stored, and the answer is the error of the first one.",
    scope: "write",
    limitedKeys: "allowed",
    body: wire.insertion,
    examples: { one: { inputs: [wire.example], ids: ["dot"], metadata: [{ year: 2024 }], collection_name: "pets" } },
    answers: described("All images are stored.", wire.inserted),
    answer: async ({ body: { inputs, ids, metadata, collection_name: name }, signal, ...context }) => {
      refuseTooMany(inputs, context.settings.server);
      refuseOtherLength("ids", ids, inputs);
      if (metadata) refuseOtherLength("metadata", metadata, inputs);
      const collection = name ?? context.pipeline.defaultCollection;
      context.access.check(collection);
      const keys = await keysOf(context.pipeline, collection, ids);
      const images = identified(
        await Promise.all(
          inputs.map(async (input, index) => ({
            input: await inputOf(sourceOf(input), context.settings.server),
            id: keys[index] ?? "",
            ...(metadata ? { metadata: metadata[index] ?? null } : {}),
          })),
        ),
      );
      const settled = await context.insertions.insert(collection, images, { signal, spans: context.spans });
      await context.uploads.keep(sentImages(images, settled));
      const failed = settled.filter(({ error }) => error !== null);
      if (failed[0]?.error) throw firstOf(failed[0].error, failed.length, settled.length);
      return { status: 200, body: { inserted_ids: settled.map(({ id }) => id), count: settled.length } };
    },
  }),
  route({
    ...common,
    method: "POST",
    path: "/search",
    name: "pythonServiceSearch",
    summary: "Finds the stored images that are nearest to an image.",
    scope: "read",
    limitedKeys: "allowed",
    body: wire.search,
    examples: { byImage: { query_input: wire.example, topk: 3, collection_name: "pets" } },
    answers: described("The results, the best one first.", wire.found),
    answer: async ({ body, signal, pipeline, settings, urlBytes, access }) => {
      const { query_input: query, topk, filter_expr: filter, collection_name: name } = body;
      access.check(name ?? pipeline.defaultCollection);
      const startedMs = performance.now();
      const hits = await pipeline.searchImages(await inputOf(sourceOf(query), settings.server), {
        topK: topk,
        signal,
        urlBytes,
        ...(name ? { collectionName: name } : {}),
        ...(filter ? { filter } : {}),
      });
      const results = hits.map(({ id, score, facts: { metadata } }) => ({ id: String(id), score, distance: score, metadata }));
      return { status: 200, body: { results, count: results.length, query_time_ms: performance.now() - startedMs } };
    },
  }),
  route({
    ...common,
    method: "POST",
    path: "/collections/create",
    name: "pythonServiceCreateCollection",
    summary: "Creates an empty collection.",
    scope: "admin",
    limitedKeys: "allowed",
    body: wire.newCollection,
    examples: { plain: { name: "more_pets" } },
    answers: described("The collection is created.", wire.message),
    answer: async ({ pipeline, access, body: { name, dim } }) => {
      access.check(name);
      await pipeline.createCollection(name, dim ? { dim } : {});
      return { status: 200, body: { message: `Collection '${name}' created successfully` } };
    },
  }),
  route({
    ...common,
    method: "DELETE",
    path: "/collections/{name}",
    name: "pythonServiceDeleteCollection",
    summary: "Deletes a collection with all its rows.",
    scope: "admin",
    params: own.collectionParams,
    answers: described("The collection is deleted.", wire.message),
    answer: async ({ pipeline, uploads, params: { name } }) => {
      await pipeline.dropCollection(name);
      uploads.forgetUnused();
      return { status: 200, body: { message: `Collection '${name}' deleted successfully` } };
    },
  }),
  route({
    ...common,
    method: "GET",
    path: "/collections",
    name: "pythonServiceListCollections",
    summary: "Lists the names of all collections.",
    scope: "read",
    limitedKeys: "allowed",
    answers: described("The names.", wire.collections),
    answer: async ({ pipeline, access }) => {
      const collections = (await pipeline.listCollections()).map(({ name }) => name).filter((name) => access.allows(name));
      return { status: 200, body: { collections, count: collections.length } };
    },
  }),
  route({
    ...common,
    method: "GET",
    path: "/collections/{name}/stats",
    name: "pythonServiceCollectionStats",
    summary: "Counts the rows of a collection.",
    scope: "read",
    params: own.collectionParams,
    answers: described("The number of rows. `description` is empty.", wire.stats),
    answer: async ({ pipeline, params }) => {
      const { name, count } = await pipeline.collectionStats(params.name);
      return { status: 200, body: { name, num_entities: count, description: "" } };
    },
  }),
  route({
    ...common,
    method: "POST",
    path: "/delete",
    name: "pythonServiceDelete",
    summary: "Deletes the rows with the given ids, or all rows that match a filter.",
    scope: "write",
    limitedKeys: "allowed",
    body: wire.deletion,
    examples: { byIds: { ids: ["cat"], collection_name: "pets" } },
    answers: described("The rows are deleted.", wire.message),
    answer: async ({ pipeline, uploads, access, body: { ids, filter_expr: filter, collection_name: name } }) => {
      const collection = name ?? pipeline.defaultCollection;
      access.check(collection);
      const deleted = await deleteFrom({ pipeline }, collection, ids, filter);
      if (deleted > 0) uploads.forgetUnused();
      return { status: 200, body: { message: `Deleted ${deleted} embeddings` } };
    },
  }),
];

const sourceOf = (input: string): GivenSource => (/^(https?:|data:)/i.test(input) ? { url: input } : { path: input });

function refuseOtherLength(name: string, column: readonly unknown[], inputs: readonly unknown[]): void {
  if (column.length === inputs.length) return;
  throw new Refused("request_invalid", `${name}: expected ${inputs.length} entries, one per input, found ${column.length}.`);
}

/** The error of the first image. Its message tells how many others failed. */
function firstOf({ code, message, hint, item }: HeadraceError, failed: number, all: number): HeadraceError {
  return new HeadraceError(code, `${failed} of ${all} images failed, the others are stored. The first: ${message}`, {
    hint,
    ...(item === undefined ? {} : { item }),
  });
}

async function deleteFrom(
  { pipeline }: Pick<ServerContext, "pipeline">,
  collection: string,
  ids: readonly string[] | null | undefined,
  filter: string | null | undefined,
): Promise<number> {
  if (ids) return pipeline.deleteByIds(collection, await keysOf(pipeline, collection, ids));
  if (filter) return pipeline.deleteByFilter(collection, filter);
  throw new Refused("request_invalid", "the body: expected ids or filter_expr, found neither.");
}
