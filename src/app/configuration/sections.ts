/** The sections of the configuration that belong to no adapter; names and defaults as in the specification. */
import * as z from "zod";
import { presetNames } from "../../kit/index.js";

const count = (fallback: number, description: string) =>
  z.int().min(1, "expected a whole number of at least 1").default(fallback).describe(description);
const triple = z.tuple([z.number(), z.number(), z.number()]);

export const asyncPipelineSection = z.strictObject({
  preprocess_workers: count(2, "Images decoded at once. 2 to 4 for local files, 4 to 8 for URLs; more needs more memory."),
  embedding_workers: count(1, "Embedders, one for each GPU; each is fed with `inflight_per_worker` batches."),
  insert_batch_size: count(100, "Rows of one write. Larger: fewer calls, more memory."),
  queue_maxsize: count(100, "Items that wait before a stage, at the most; of decoded pictures fewer, as their lanes need."),
  inflight_per_worker: count(2, "Requests that each embedding worker keeps open at the inference server."),
  insert_workers: count(2, "Writes at once. LanceDB has a single writer, which writes together what waits."),
  memory_budget_mb: count(256, "MiB of images in flight."),
});

export const preprocessSection = z.strictObject({
  batch_size: count(32, "The most images that are offered to the embedder at once; it may ask for less."),
  preset: z
    .union([z.enum(presetNames), z.string().regex(/\.json$/, { abort: true })])
    .nullable()
    .default(null)
    .describe("Named preprocessing, or the path of a model's preprocessor_config.json. null: what the model itself asks for."),
  image_size: z
    .tuple([z.int().min(1), z.int().min(1)])
    .nullable()
    .default(null)
    .describe("Height and width in pixels. null: the model's own."),
  mean: triple.nullable().default(null).describe("Per channel, of values between 0 and 1. null: the preset's."),
  std: triple.nullable().default(null).describe("Per channel, of values between 0 and 1. null: the preset's."),
  data_format: z.enum(["NCHW", "NHWC"]).nullable().default(null).describe("Layout of the tensor. null: the model's own."),
  num_workers: count(4, "Files read ahead."),
  backend: z
    .enum(["auto", "native", "jax", "server"])
    .default("auto")
    .describe(
      "What turns pixels into tensors. auto: the faster of native and jax, measured when opened. server: a model that takes uint8.",
    ),
  custom: z.string().nullable().default(null).describe("A module with a preprocessor of your own, in JAX; goes instead of a preset."),
  jax_thread: z.enum(["main", "worker"]).default("main").describe("Where JAX runs. worker: in a thread of its own."),
  use_gpu: z.boolean().default(false).describe("WebGPU for JAX where there is one."),
  jax_platform: z
    .enum(["cpu", "gpu", "tpu"])
    .nullable()
    .default(null)
    .describe("Accepted for files of the Python service.")
    .meta({ ignored: "JAX runs on WebAssembly here, or on WebGPU with `use_gpu`" }),
  max_pixels: count(268_402_689, "Images with more pixels are refused as `image_too_large`."),
  decode_budget_mb: count(
    256,
    "MiB that decoding may take beside images and tensors, all at once; an image that needs more is decoded alone.",
  ),
  max_file_mb: count(256, "Encoded images with more MiB are refused as `source_too_large`."),
});

export const embedderSection = z.strictObject({
  kind: z.enum(["auto", "onnx", "triton"]).default("auto").describe("auto: Triton when there is a `triton` section, else ONNX Runtime."),
  model: z.string().default("builtin").describe("The shipped model, or the path of an ONNX file."),
  output_name: z
    .string()
    .nullable()
    .default(null)
    .describe("Output of an ONNX model that is the embedding. null: found by name and shape."),
  sessions: z.int().min(1).nullable().default(null).describe("ONNX sessions. null: one for each core."),
  threads: count(1, "Threads inside an ONNX session. With a session for each core, 1 is fastest."),
  image_size: z
    .tuple([z.int().min(1), z.int().min(1)])
    .nullable()
    .default(null)
    .describe("Height and width in pixels, for ONNX models that leave them open. null: the model says."),
  normalize: z.boolean().default(true).describe("Bring vectors to unit length."),
});

export const insertSection = z.strictObject({
  index: z.enum(["auto", "before", "after"]).default("auto").describe("When the index of a new collection is built."),
  flush: z.enum(["auto", "never", "end"]).default("auto").describe("auto: only when an index build waits for it."),
  max_bytes_mb: count(24, "MiB of one write, at the most."),
});

export const limitsSection = z.strictObject({
  max_failures: z.int().min(0).nullable().default(null).describe("The run ends when more items have failed. null: never."),
  max_failure_ratio: z.number().min(0).max(1).nullable().default(null).describe("The same as a share of at least 100 items."),
  max_outage: z
    .number()
    .positive("expected a number of seconds above 0")
    .nullable()
    .default(null)
    .describe("Seconds that a service may be away before the run ends. null: what the triton section says, else 300."),
});

const noServer = { ignored: "there is no HTTP server yet" };
const noLog = { ignored: "there is no log yet" };

export const serverSection = z.strictObject({
  host: z.string().default("127.0.0.1").describe("Address to listen on. 0.0.0.0: all of them.").meta(noServer),
  port: z.int().min(0).max(65_535).default(8080).describe("Port to listen on. 0: any free one.").meta(noServer),
});

export const loggingSection = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("The least that is logged.").meta(noLog),
  format: z.enum(["auto", "text", "json"]).default("auto").describe("auto: text on a terminal, else JSON lines.").meta(noLog),
});
