/** The tool that searches. It opens no file and no address that a caller names: an image comes as its bytes, or is one that is stored. */
import * as z from "zod";
import { type ImageEmbeddingPipeline, keysOf, type SingleQuery } from "../app/index.js";
import { HeadraceError } from "../contracts/index.js";
import { collectionName } from "./collection-tools.js";
import { rowJson } from "./row.js";
import { type Tool, tool } from "./tool.js";

const maxHits = 100;
const maxImageChars = 20_000_000;

const input = z.strictObject({
  collection: collectionName,
  text: z.string().min(1).max(1000).optional().describe("Words that describe what the image shows, for example: a dog on a beach."),
  id: z.string().min(1).max(1000).optional().describe("The id of a stored image: finds images that look like it."),
  image_base64: z
    .string()
    .min(1)
    .max(maxImageChars)
    .optional()
    .describe("The bytes of an image file in base64: finds images that look like it."),
  top_k: z.int().min(1).max(maxHits).default(10).describe("Maximum number of hits."),
  min_score: z.number().optional().describe("Leaves out hits with a lower score. With every metric, a higher score is nearer."),
  filter: z
    .string()
    .max(10_000)
    .optional()
    .describe(
      'Only images whose metadata match, for example: taken_at >= "2024-06" and camera == "X100V" and near(latitude, longitude, 46.2, 6.1, 10 km). ' +
        'Operators: == != < <= > >= in exists(key) startsWith(key, "text") contains(key, "text") and or not. Keys: describe_collection.',
    ),
});

export const searchTool: Tool = tool({
  name: "search_images",
  title: "Search for images",
  description:
    "Finds the stored images that are nearest to words, to a stored image, or to an image that is sent. Give exactly one of text, id and image_base64. Returns ids, scores and metadata; `get_image` shows a hit.",
  input,
  call: async (given, { pipeline, signal }) => {
    const { collection, top_k: topK, min_score: minScore, filter } = given;
    const hits = await pipeline.searchImages(await queryOf(given, pipeline), {
      collectionName: collection,
      topK,
      signal,
      ...(minScore === undefined ? {} : { minScore }),
      ...(filter === undefined ? {} : { filter }),
    });
    const unknown = filter === undefined || hits.length > 0 ? [] : await pipeline.keysOfNoRow(collection, filter);
    return {
      json: {
        hits: hits.map((hit) => ({ score: hit.score, ...rowJson(hit) })),
        ...(unknown.length === 0 ? {} : { note: `No image has the metadata key ${unknown.join(", ")}.` }),
      },
    };
  },
});

async function queryOf(given: z.output<typeof input>, pipeline: ImageEmbeddingPipeline): Promise<SingleQuery> {
  const { collection, text, id, image_base64: base64 } = given;
  const named = Object.entries({ text, id, image_base64: base64 }).filter(([, value]) => value !== undefined);
  if (named.length !== 1) {
    const found = named.length === 0 ? "none" : named.map(([key]) => key).join(" and ");
    throw new HeadraceError("usage_invalid", `search_images: expected exactly one of text, id and image_base64, found ${found}`);
  }
  if (text !== undefined) return { text };
  if (id !== undefined) {
    const [key = id] = await keysOf(pipeline, collection, [id]);
    return { id: key };
  }
  return Buffer.from(base64 ?? "", "base64");
}
