/** The ONNX Runtime settings of the `embedder` section. */
import * as z from "zod";

export const onnxSettings = {
  model: z
    .string()
    .default("builtin")
    .describe(
      "Path of an ONNX file, or of a folder with a CLIP or SigLIP export. builtin: the model that ships with Headrace. builtin-int8: the same in int8, about twice as fast, with other vectors.",
    ),
  outputName: z
    .string()
    .nullable()
    .default(null)
    .describe("Output of the ONNX model that is the embedding. null: chosen by name and shape."),
  sessions: z.int().min(1).nullable().default(null).describe("ONNX sessions. null: one per core."),
  threads: z.int().min(1).default(1).describe("Threads per ONNX session. With one session per core, 1 is fastest."),
  niceness: z
    .int()
    .min(0)
    .max(19)
    .default(0)
    .describe(
      "How far the threads of the image model stand back while others want the processor: 0 not at all, 19 most. On Linux only. `headrace serve` uses 10, unless this is set.",
    ),
  imageSize: z
    .tuple([z.int().min(1), z.int().min(1)])
    .nullable()
    .default(null)
    .describe("Height and width in pixels, for ONNX models with a dynamic size. null: the model's own size."),
};

export const onnxSection = z.object(onnxSettings);
export type OnnxSection = z.output<typeof onnxSection>;
