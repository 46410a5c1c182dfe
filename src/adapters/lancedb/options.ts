/** Settings of LanceDB: the `lancedb` section. */
import * as z from "zod";

export const lancedbSection = z.strictObject({
  path: z
    .string()
    .min(1)
    .refine((path) => !path.includes("://"), { error: "expected a local folder: the writer's lock is a file beside the tables" })
    .default("./headrace-data")
    .describe("The folder that holds the collections, one table each."),
});

export type LancedbSection = z.output<typeof lancedbSection>;
