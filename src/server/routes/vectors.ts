/** Vectors that clients have made themselves: insert. */
import type { z } from "zod";
import { keysOf } from "../../app/index.js";
import type { Key } from "../../contracts/index.js";
import { insertionAnswer } from "../insertions/settled-images.js";
import { type GivenVector, vectorRows } from "../insertions/vector-rows.js";
import { type Route, route } from "../requests/route.js";
import { Refused } from "../wire/problems.js";
import { collectionParams, inserted } from "../wire/wire.js";
import * as wire from "../wire/wire-vectors.js";

interface GivenVectors {
  readonly embedder: string;
  readonly vectors: readonly GivenVector[];
}

export const vectorRoutes: readonly Route[] = [
  route<z.output<typeof collectionParams>, GivenVectors, z.output<typeof wire.vectorQuery>>({
    method: "POST",
    path: "/v1/collections/{name}/vectors",
    name: "insertVectors",
    summary: "Stores vectors that the client has made, under the sources of their images. A vector that fails does not stop the others.",
    tag: "Images",
    scope: "write",
    params: collectionParams,
    query: wire.vectorQuery,
    body: wire.vectorInsertion,
    examples: { base64: wire.exampleVectors },
    lines: { line: wire.vectorRow, toBody: bodyOfLines },
    answers: { 200: { description: "What became of each vector. All stored rows are durable.", schema: inserted } },
    answer: async ({ params: { name }, body: { embedder, vectors }, signal, spans, pipeline, settings, insertions }) => {
      if (vectors.length > wire.maxVectors) {
        throw new Refused("body_too_large", `vectors: expected at most ${wire.maxVectors}, found ${vectors.length}.`);
      }
      const given = vectors.flatMap(({ id }) => (id === undefined ? [] : [id]));
      const keys = new Map<string, Key>((await keysOf(pipeline, name, given)).map((key) => [String(key), key]));
      const rows = (await vectorRows(vectors, settings.server)).map((row) =>
        row.id === undefined ? row : { ...row, id: keys.get(String(row.id)) ?? row.id },
      );
      const settled = await insertions.insertAlone(
        name,
        rows.length,
        (hooks) => pipeline.insertVectors({ rows, embedder, collectionName: name, ...hooks }),
        { signal, spans },
      );
      return { status: 200, body: insertionAnswer(settled) };
    },
  }),
];

function bodyOfLines(lines: readonly unknown[], { embedder }: z.output<typeof wire.vectorQuery>): GivenVectors {
  if (embedder === undefined) throw new Refused("request_invalid", "embedder: expected a parameter in the URL, found none.");
  return { embedder, vectors: lines as readonly GivenVector[] };
}
