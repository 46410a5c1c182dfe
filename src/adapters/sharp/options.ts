/** What can be set about decoding, beside `preprocess.max_pixels`. */
import { z } from "zod";

export const sharpOptions = z.strictObject({
  /**
   * Memory that decoding may take beside images and tensors, in MiB, all lanes together. Default 256: three progressive
   * or rotated photos of 24 megapixels at once. An image that needs more is decoded alone.
   */
  decode_budget_mb: z.number().positive().default(256),
});

export type SharpOptions = z.infer<typeof sharpOptions>;
