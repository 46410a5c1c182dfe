/** The rows of a collection: some of them, all of them in pages, one of them, and their number. */
import type { z } from "zod";
import { keysOf } from "../../app/index.js";
import type { StoredRow } from "../../contracts/index.js";
import { fingerprint } from "../../kit/index.js";
import { type Answer, type Call, type Route, route } from "../requests/route.js";
import { cursorOf, keyOfCursor } from "../wire/cursors.js";
import { Refused } from "../wire/problems.js";
import { collectionParams, imageParams } from "../wire/wire.js";
import * as wire from "../wire/wire-rows.js";
import { encoded } from "./embeddings.js";

const spreadOver = 5000;

type CollectionParams = z.output<typeof collectionParams>;
type ImageParams = z.output<typeof imageParams>;
type ImagesQuery = z.output<typeof wire.imagesQuery>;
type VectorChoice = ImagesQuery["vector"];

export const rowRoutes: readonly Route[] = [
  route<CollectionParams, undefined, ImagesQuery>({
    method: "GET",
    path: "/v1/collections/{name}/images",
    name: "listImages",
    summary: "Lists some rows of a collection, or all rows in pages.",
    tag: "Images",
    scope: "read",
    params: collectionParams,
    query: wire.imagesQuery,
    answers: { 200: { description: "At most `limit` rows. A page with vectors may have fewer.", schema: wire.images } },
    answer: async (call) => {
      const { limit, filter, pick, cursor, vector } = call.query;
      if (pick === "all") return pageOf(call);
      if (cursor !== undefined) throw new Refused("request_invalid", "cursor: expected pick=all beside it, found another pick.");
      if (vector !== "none") throw new Refused("request_invalid", "vector: expected pick=all beside it, found another pick.");
      const { pipeline, params, signal } = call;
      const rows = pipeline.scan(params.name, { vectors: "omit", signal, ...(filter === undefined ? {} : { filter }) });
      const found = pick === "first" ? await firstRows(rows, limit) : spread(await firstRows(rows, spreadOver), limit);
      return { status: 200, body: { images: found.map((row) => described(row, "none")) } };
    },
  }),
  route<CollectionParams, undefined, z.output<typeof wire.countQuery>>({
    method: "GET",
    path: "/v1/collections/{name}/count",
    name: "countImages",
    summary: "Counts the rows of a collection, or those that match a filter.",
    tag: "Images",
    scope: "read",
    params: collectionParams,
    query: wire.countQuery,
    answers: { 200: { description: "The number of rows.", schema: wire.count } },
    answer: async ({ pipeline, params, query }) => ({ status: 200, body: { count: await pipeline.count(params.name, query.filter) } }),
  }),
  route<ImageParams, undefined, z.output<typeof wire.imageQuery>>({
    method: "GET",
    path: "/v1/collections/{name}/images/{id}",
    name: "describeImage",
    summary: "Returns one row, with its vector if asked for.",
    tag: "Images",
    scope: "read",
    params: imageParams,
    query: wire.imageQuery,
    answers: { 200: { description: "The row.", schema: wire.image } },
    answer: async ({ pipeline, params: { name, id }, query: { vector }, signal }) => {
      const keys = await keysOf(pipeline, name, [id]);
      const [row] = await pipeline.rows(name, keys, { vectors: vectorsOf(vector), signal });
      return answerWith(row, name, vector);
    },
  }),
  route<ImageParams, z.output<typeof wire.imageUpdate>>({
    method: "PATCH",
    path: "/v1/collections/{name}/images/{id}",
    name: "updateImage",
    summary: "Merges metadata into a row. The image is not needed, and the vector stays.",
    tag: "Images",
    scope: "write",
    params: imageParams,
    body: wire.imageUpdate,
    examples: { set: { metadata: { year: 2025, colour: null } } },
    answers: { 200: { description: "The row as it is now.", schema: wire.image } },
    answer: async ({ pipeline, params: { name, id }, body: { metadata }, signal }) => {
      const [key = id] = await keysOf(pipeline, name, [id]);
      return answerWith(await pipeline.updateMetadata(name, key, metadata, { signal }), name, "none");
    },
  }),
];

const vectorsOf = (choice: VectorChoice): "include" | "omit" => (choice === "none" ? "omit" : "include");

function answerWith(row: StoredRow | null | undefined, collection: string, vector: VectorChoice): Answer {
  if (!row) throw new Refused("row_not_found", `id: expected the id of a row of ${collection}, found another one.`);
  return { status: 200, body: { ...described(row, vector), ingested_at: new Date(row.ingestedAt).toISOString() } };
}

async function pageOf({ pipeline, params, query, signal }: Call<CollectionParams, undefined, ImagesQuery>): Promise<Answer> {
  const { limit, filter, cursor, vector } = query;
  const after = cursor === undefined ? {} : { after: keyOfCursor(cursor, (await pipeline.collectionStats(params.name)).idType) };
  const { rows, next } = await pipeline.pageOfRows(params.name, {
    ...after,
    limit,
    vectors: vectorsOf(vector),
    signal,
    ...(filter === undefined ? {} : { filter }),
  });
  return { status: 200, body: { images: rows.map((row) => described(row, vector)), next_cursor: next === null ? null : cursorOf(next) } };
}

/** Stops the stream as soon as there are enough rows. */
async function firstRows(batches: AsyncIterable<readonly StoredRow[]>, limit: number): Promise<readonly StoredRow[]> {
  const rows: StoredRow[] = [];
  for await (const batch of batches) {
    rows.push(...batch.slice(0, limit - rows.length));
    if (rows.length >= limit) break;
  }
  return rows;
}

/**
 * Neighbours in a store are often neighbours in a folder, and look alike. The order of hashes mixes them, always in the same way. Of images with
 * the same bytes one comes before all others, because a look at what is there needs no second one.
 */
function spread(rows: readonly StoredRow[], limit: number): readonly StoredRow[] {
  const sorted = rows.map((row) => ({ row, hash: hashOf(row) }));
  sorted.sort((a, b) => compared(a.hash, b.hash) || compared(String(a.row.id), String(b.row.id)));
  const isRepeated = ({ hash }: { readonly hash: string }, at: number): boolean => sorted[at - 1]?.hash === hash;
  const mixed = [...sorted.filter((each, at) => !isRepeated(each, at)), ...sorted.filter(isRepeated)];
  return mixed.slice(0, limit).map(({ row }) => row);
}

/** Rows whose vectors came without their images have no content. */
function hashOf({ facts: { content, source } }: StoredRow): string {
  return content === "" ? fingerprint(Buffer.from(source)) : content;
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function described({ id, vector, facts: { source, width, height, content, metadata } }: StoredRow, choice: VectorChoice): object {
  const given = choice === "none" || vector === null ? {} : { vector: encoded(vector, choice) };
  return { id: String(id), source, width, height, content, metadata, ...given };
}
