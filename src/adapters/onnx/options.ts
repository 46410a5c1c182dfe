/** The ONNX Runtime settings of the `embedder` section. */
import * as z from "zod";
import { modelPrecisions } from "../../contracts/index.js";

/** The values of `embedder.model` for the models that are part of the Headrace package. */
export const shippedModels = ["builtin", "builtin-int8"] as const;

export const onnxSettings = {
  model: z
    .string()
    .default("builtin")
    .describe(
      "Path of an ONNX file, or of a folder with a CLIP or SigLIP export. hf:ORG/NAME or hf:ORG/NAME@REVISION: a model of the hub, which is fetched once. builtin: the model that ships with Headrace. builtin-int8: the same in int8, about twice as fast, with other vectors.",
    ),
  precision: z
    .enum(modelPrecisions)
    .default("fp32")
    .describe(
      "Which of the models in a folder or on the hub: `fp16` means `vision_model_fp16.onnx`. No effect for a file or a shipped model.",
    ),
  outputName: z
    .string()
    .nullable()
    .default(null)
    .describe("Output of the ONNX model that is the embedding. null: chosen by name and shape."),
  pooling: z
    .enum(["cls", "mean"])
    .nullable()
    .default(null)
    .describe(
      "How the vectors of an image's patches become one, in a model with the output last_hidden_state: cls takes the first, mean the mean of all. null: an output with one vector per image, or else cls.",
    ),
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
