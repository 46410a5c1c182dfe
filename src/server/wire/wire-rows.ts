/** The JSON of rows, of pages of rows, and of other names of collections. */
import * as z from "zod";
import { collectionName, filter, metadata, storedRow } from "./wire.js";

const rowVector = z
  .union([z.array(z.number()), z.string()])
  .optional()
  .describe("Only if asked for.");
const vectorChoice = z
  .enum(["none", "float", "base64"])
  .default("none")
  .describe(
    "Whether rows come with their vectors: not, as lists of numbers, or as base64 of little-endian float32. In lists only with `pick=all`.",
  );
export const imagesQuery = z.strictObject({
  limit: z.coerce.number().pipe(z.int().min(1).max(1000)).default(48).describe("Maximum number of rows."),
  // An address has less room than a body.
  filter: filter.max(1000).optional(),
  pick: z
    .enum(["first", "spread", "all"])
    .default("first")
    .describe(
      "`first`: the first rows of the store. `spread`: rows from all over the first 5,000, for a look at what is there. `all`: a page of all rows, in the order of their ids.",
    ),
  cursor: z.string().min(1).max(6000).optional().describe("With `pick=all`: `next_cursor` of the page before. Default: the first page."),
  vector: vectorChoice,
});
export const countQuery = z.strictObject({ filter: filter.max(1000).optional() });
export const count = z.strictObject({ count: z.int() }).meta({ id: "Count" });
export const imageQuery = z.strictObject({ vector: vectorChoice });
export const image = z
  .strictObject({ ...storedRow, ingested_at: z.string().describe("When the image was inserted: ISO 8601, UTC."), vector: rowVector })
  .meta({ id: "Image" });
export const imageUpdate = z
  .strictObject({ metadata: metadata.describe("Values to set. A key with null is removed. Keys that are not named stay as they are.") })
  .meta({ id: "ImageUpdate" });

export const alias = z.strictObject({ alias: z.string(), collection: z.string() }).meta({ id: "Alias" });
export const aliases = z.strictObject({ aliases: z.array(alias) });
export const aliasParams = z.strictObject({
  alias: z
    .string()
    .min(1)
    .max(64)
    .describe("The other name.")
    .meta({ examples: ["animals"] }),
});
export const aliasTarget = z.strictObject({ collection: collectionName }).meta({ id: "AliasTarget" });
export const images = z
  .strictObject({
    images: z.array(z.strictObject({ ...storedRow, vector: rowVector })),
    next_cursor: z.string().nullable().optional().describe("With `pick=all`: `cursor` of the next page. null: there are no more rows."),
  })
  .meta({ id: "Images" });
