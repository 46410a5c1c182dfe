/** The JSON of searches. */
import * as z from "zod";
import { exactlyOne, filter, id, problem, searchText, sourceFields, storedRow } from "./wire.js";

const oneTerm = exactlyOne(["url", "base64", "path", "text", "vector", "id"]);
const oneQuery = exactlyOne(["url", "base64", "path", "text", "vector", "id", "mix"]);

const topK = z.int().min(1).max(1000).default(10).describe("Maximum number of hits.");
const groupBy = z
  .string()
  .min(1)
  .max(63)
  .describe("A key of the metadata, or `source` or `content`. Of all rows with the same value, only the nearest is a hit.");
const minScore = z.number().describe("Leaves out hits with a lower score.");

const termFields = {
  ...sourceFields,
  text: searchText.optional().describe("Words that describe the image."),
  vector: z.array(z.number()).min(1).max(65_536).optional().describe("A vector of the collection's dimension."),
  id: id.optional().describe("The id of a stored row: finds rows that are similar to it."),
};
const term = z
  .strictObject({
    ...termFields,
    weight: z.number().optional().describe("How much the term counts. Below 0: finds images that are less like it. Default 1."),
  })
  .refine(oneTerm.check, oneTerm.message)
  .meta({ id: "QueryTerm" });
export const query = z
  .strictObject({
    ...termFields,
    mix: z.array(term).min(1).max(16).optional().describe("A weighted sum of images, words, vectors and stored rows."),
    filter: filter.optional(),
    top_k: topK,
    min_score: minScore.optional(),
    group_by: groupBy.optional(),
  })
  .refine(oneQuery.check, oneQuery.message)
  .meta({ id: "Query" });
/** The text fields of a search by upload. */
export const queryForm = z.strictObject({
  filter: filter.optional(),
  top_k: z.coerce.number().pipe(topK.unwrap()).optional(),
  min_score: z.coerce.number().optional(),
  group_by: groupBy.optional(),
});

export const hits = z
  .strictObject({
    hits: z.array(z.strictObject({ ...storedRow, score: z.number() })),
    elapsed_ms: z.number(),
  })
  .meta({ id: "Hits" });

/** The answer of a batch is no larger than that of the largest search. */
const maxBatchHits = 1000;
export const searchBatch = z
  .strictObject({ searches: z.array(query).min(1).max(100) })
  .refine(({ searches }) => searches.reduce((sum, { top_k }) => sum + top_k, 0) <= maxBatchHits, {
    error: `expected \`top_k\` of all searches together to be at most ${maxBatchHits}`,
    path: ["searches"],
  })
  .meta({ id: "SearchBatch", description: `Up to 100 searches, with at most ${maxBatchHits} hits together.` });
export const batchHits = z
  .strictObject({
    results: z.array(
      z.strictObject({
        index: z.int(),
        status: z.enum(["found", "failed"]),
        hits: z.array(z.strictObject({ ...storedRow, score: z.number() })).optional(),
        problem: problem.optional(),
      }),
    ),
    elapsed_ms: z.number(),
  })
  .meta({ id: "BatchHits" });
