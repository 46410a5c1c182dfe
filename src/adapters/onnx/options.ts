/** What of the `embedder` section is for ONNX Runtime. */
import * as z from "zod";

export const onnxSettings = {
  model: z.string().default("builtin").describe("The shipped model, or the path of an ONNX file."),
  outputName: z.string().nullable().default(null).describe("Output of an ONNX model that is the embedding. null: found by name and shape."),
  sessions: z.int().min(1).nullable().default(null).describe("ONNX sessions. null: one for each core."),
  threads: z.int().min(1).default(1).describe("Threads inside an ONNX session. With a session for each core, 1 is fastest."),
  imageSize: z
    .tuple([z.int().min(1), z.int().min(1)])
    .nullable()
    .default(null)
    .describe("Height and width in pixels, for ONNX models that leave them open. null: the model says."),
};

export const onnxSection = z.object(onnxSettings);
export type OnnxSection = z.output<typeof onnxSection>;
