/** The `downloads` section of the configuration. */
import * as z from "zod";

export const downloadsSection = z.strictObject({
  folder: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("Folder for copies of tables and archives from buckets and web servers. null: `downloads` in the folder of `lancedb.path`."),
  maxMb: z
    .int()
    .min(1)
    .default(20_480)
    .describe("Maximum MiB of all copies of a process. A larger file fails with `source_too_large`, others wait for room."),
  namesMaxMb: z
    .int()
    .min(0)
    .default(512)
    .describe(
      "Maximum MiB of the remembered names in tables and archives, so that unchanged ones are not copied again. 0: none are remembered.",
    ),
  timeout: z
    .number()
    .positive("expected a number of seconds above 0")
    .default(3_600)
    .describe("Maximum seconds to copy one file, with its retries."),
});
