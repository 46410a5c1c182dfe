/** The tools that tell which collections there are, and what their rows have. */
import * as z from "zod";
import type { Metadata, StoredRow } from "../contracts/index.js";
import { rowJson } from "./row.js";
import { type Tool, tool } from "./tool.js";

const sampleRows = 200;
const maxExamples = 5;
const maxExampleChars = 80;

export const collectionName = z.string().min(1).max(255).describe("The name of a collection, as `list_collections` tells it.");

export const collectionTools: readonly Tool[] = [
  tool({
    name: "list_collections",
    title: "List the collections",
    description: "Lists the collections of images that can be searched, with the number of images in each. Call it first.",
    input: z.strictObject({}),
    call: async (_, { pipeline }) => {
      const collections = await pipeline.listCollections();
      return { json: { collections: collections.map(({ name, count }) => ({ name, images: count })) } };
    },
  }),
  tool({
    name: "describe_collection",
    title: "Describe a collection",
    description:
      "Tells how many images a collection has, whether it can be searched by words, and the metadata keys of its images with examples. Call it before you write a filter.",
    input: z.strictObject({ collection: collectionName }),
    call: async ({ collection }, { pipeline, signal }) => {
      const { name, count, dimension, metric } = await pipeline.collectionStats(collection);
      const { rows } = await pipeline.pageOfRows(collection, { limit: sampleRows, signal });
      const words = await pipeline.textSearch();
      return {
        json: {
          ...{ name, images: count, dimension, metric },
          search_by_words: words,
          keys_are_of: `the first ${rows.length} of ${count} images`,
          metadata_keys: keysOf(rows),
          example: rows[0] === undefined ? null : rowJson(rows[0]),
        },
      };
    },
  }),
];

interface KeyExamples {
  readonly key: string;
  readonly type: string;
  readonly examples: readonly unknown[];
}

/** The metadata keys that rows have, the most frequent first. */
function keysOf(rows: readonly StoredRow[]): readonly KeyExamples[] {
  const values = new Map<string, Metadata[string][]>();
  for (const { facts } of rows)
    for (const [key, value] of Object.entries(facts.metadata)) if (value !== null) values.set(key, [...(values.get(key) ?? []), value]);
  return [...values]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([key, found]) => ({
      key,
      type: [...new Set(found.map((value) => typeof value))].join(" or "),
      examples: [...new Set(found.map(shortened))].slice(0, maxExamples),
    }));
}

function shortened(value: Metadata[string]): Metadata[string] {
  return typeof value === "string" && value.length > maxExampleChars ? `${value.slice(0, maxExampleChars)}…` : value;
}
