/** The tool that shows a stored image. */
import * as z from "zod";
import { keysOf } from "../app/index.js";
import { HeadraceError } from "../contracts/index.js";
import { collectionName } from "./collection-tools.js";
import { rowJson } from "./row.js";
import { type Tool, tool } from "./tool.js";

const maxSidePixels = 1600;

export const imageTool: Tool = tool({
  name: "get_image",
  title: "Look at an image",
  description: "Returns a stored image as a small JPEG, with its metadata. Only images of a collection can be looked at.",
  input: z.strictObject({
    collection: collectionName,
    id: z.string().min(1).max(1000).describe("The id of the image, as `search_images` tells it."),
    max_side: z.int().min(16).max(maxSidePixels).default(512).describe("Most pixels of the width and of the height."),
  }),
  call: async ({ collection, id, max_side: maxSide }, { pipeline, signal }) => {
    const [row] = await pipeline.rows(collection, await keysOf(pipeline, collection, [id]), { signal });
    if (row === undefined) {
      throw new HeadraceError("usage_invalid", `get_image: expected the id of an image of ${collection}, found ${JSON.stringify(id)}`, {
        hint: "Search first: the hits have ids.",
      });
    }
    const jpeg = await pipeline.thumbnail(row.facts.source, { signal, maxSidePixels: maxSide });
    const note = "The image cannot be read any more: its file was moved or deleted, or it was sent to a server.";
    return { json: { ...rowJson(row), ...(jpeg === null ? { note } : {}) }, ...(jpeg === null ? {} : { jpeg }) };
  },
});
