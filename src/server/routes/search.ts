/** Search: by an image, words, a vector, the id of a stored row, or a mixture of these. */
import type { z } from "zod";
import { keysOf, type SearchQuery, type SingleQuery } from "../../app/index.js";
import type { Hit } from "../../contracts/index.js";
import { Semaphore } from "../../kit/index.js";
import { type GivenSource, inputOf } from "../insertions/sources.js";
import { type Form, type Route, route, type ServerContext } from "../requests/route.js";
import { checked } from "../requests/validation.js";
import { problemOf, Refused } from "../wire/problems.js";
import * as wire from "../wire/wire.js";
import * as searching from "../wire/wire-search.js";

type GivenQuery = Pick<z.output<typeof searching.query>, "filter" | "top_k" | "min_score" | "group_by" | "text" | "vector" | "id" | "mix"> &
  GivenSource;
type GivenTerm = Pick<GivenQuery, "text" | "vector" | "id"> & GivenSource;

export const searchRoutes: readonly Route[] = [
  route<z.output<typeof wire.collectionParams>, GivenQuery>({
    method: "POST",
    path: "/v1/collections/{name}/search",
    name: "searchImages",
    summary: "Finds the stored images that are nearest to an image, words, a vector, a stored row, or a mixture of these.",
    tag: "Search",
    scope: "read",
    params: wire.collectionParams,
    body: searching.query,
    examples: {
      byImage: { url: wire.exampleDataUrl, top_k: 5, filter: "year >= 2020" },
      byText: { text: "cat" },
      byId: { id: "dot", min_score: 0.5 },
      byMixture: { mix: [{ id: "dot" }, { url: wire.exampleDataUrl, weight: 0.5 }] },
    },
    form: { fields: searching.queryForm, toBody: queryOfForm },
    answers: { 200: { description: "The hits, the best one first.", schema: searching.hits } },
    answer: async ({ params: { name }, body, signal, ...context }) => {
      const elapsedMs = stopwatch();
      const hits = await found(context, { collection: name, given: body, signal });
      return { status: 200, body: { hits, elapsed_ms: elapsedMs() } };
    },
  }),
  route<z.output<typeof wire.collectionParams>, { readonly searches: readonly GivenQuery[] }>({
    method: "POST",
    path: "/v1/collections/{name}/search/batch",
    name: "searchImagesInBatch",
    summary: "Several searches in one request. One that fails does not stop the others.",
    tag: "Search",
    scope: "read",
    params: wire.collectionParams,
    body: searching.searchBatch,
    examples: { two: { searches: [{ id: "dot", top_k: 5 }, { url: wire.exampleDataUrl }] } },
    answers: { 200: { description: "One entry per search, in the order of the request.", schema: searching.batchHits } },
    answer: async ({ params: { name }, body: { searches }, signal, ...context }) => {
      const elapsedMs = stopwatch();
      // A missing collection fails the request, not each of its searches.
      await context.pipeline.countIds(name, []);
      const parallel = new Semaphore(searchesAtOnce);
      const results = searches.map((given, index) =>
        parallel.run(1, signal, "searching", () => foundOrNot(context, { collection: name, given, signal, index })),
      );
      return { status: 200, body: { results: await Promise.all(results), elapsed_ms: elapsedMs() } };
    },
  }),
];

/** Searches of one request that are worked on at the same time. */
const searchesAtOnce = 4;

interface Search {
  readonly collection: string;
  readonly given: GivenQuery;
  readonly signal: AbortSignal;
}

async function found(context: ServerContext, { collection, given, signal }: Search): Promise<readonly object[]> {
  const { filter, min_score: minScore, top_k: topK, group_by: groupBy } = given;
  const hits = await context.pipeline.searchImages(await queryOf(context, collection, given), {
    collectionName: collection,
    topK,
    signal,
    urlBytes: context.urlBytes,
    ...(filter === undefined ? {} : { filter }),
    ...(minScore === undefined ? {} : { minScore }),
    ...(groupBy === undefined ? {} : { groupBy }),
  });
  return hits.map(hit);
}

/** Throws what would fail the other searches too. */
async function foundOrNot(context: ServerContext, { index, ...search }: Search & { readonly index: number }): Promise<object> {
  try {
    return { index, status: "found", hits: await found(context, search) };
  } catch (thrown) {
    const { problem } = problemOf(thrown);
    if (search.signal.aborted || problem.status >= 500) throw thrown;
    return { index, status: "failed", problem };
  }
}

/** Returns the milliseconds since its start, to a tenth. */
function stopwatch(): () => number {
  const started = performance.now();
  return () => Math.round((performance.now() - started) * 10) / 10;
}

async function queryOf(context: ServerContext, collection: string, { mix, ...given }: GivenQuery): Promise<SearchQuery> {
  if (mix === undefined) return termOf(context, collection, given);
  const terms = mix.map(async ({ weight = 1, ...term }) => ({ query: await termOf(context, collection, term), weight }));
  return { mix: await Promise.all(terms) };
}

async function termOf({ pipeline, settings }: ServerContext, collection: string, given: GivenTerm): Promise<SingleQuery> {
  if (given.text !== undefined) return { text: given.text };
  if (given.vector !== undefined) return { vector: given.vector };
  if (given.id === undefined) return inputOf(given, settings.server);
  const [id = String(given.id)] = await keysOf(pipeline, collection, [given.id]);
  return { id };
}

function queryOfForm({ files, fields }: Form): GivenQuery {
  const [file, ...more] = files;
  if (file === undefined || more.length > 0) throw new Refused("request_invalid", `files: expected exactly one, found ${files.length}.`);
  const { top_k = 10, ...rest } = checked(searching.queryForm, fields);
  return { ...rest, top_k, bytes: file.bytes };
}

function hit({ id, score, facts }: Hit): object {
  const { source, width, height, content, metadata } = facts;
  return { id: String(id), score, source, width, height, content, metadata };
}
