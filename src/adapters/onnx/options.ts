/** Settings of ONNX Runtime beside those of the embedder: the `onnx` section. */
import { z } from "zod";

export const onnxOptions = z.strictObject({
  threads: z.int().min(1).default(1).describe("Threads inside a session. With a session for each core, 1 is fastest."),
  image_size: z
    .tuple([z.int().min(1), z.int().min(1)])
    .nullable()
    .default(null)
    .describe("Height and width in pixels, for models that leave them open. null: the model says."),
});

export type OnnxOptions = z.infer<typeof onnxOptions>;
