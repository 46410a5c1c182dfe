/** What of the `preprocess` section is for sharp. */
import * as z from "zod";

export const sharpSettings = {
  maxPixels: z.int().min(1).default(268_402_689).describe("Images with more pixels are refused as `image_too_large`."),
  decodeBudgetMb: z
    .int()
    .min(1)
    .default(256)
    .describe("MiB that decoding may take beside images and tensors, all at once; an image that needs more is decoded alone."),
};

export const sharpSection = z.object(sharpSettings);
export type SharpSection = z.output<typeof sharpSection>;
