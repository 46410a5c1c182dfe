/** The sections of the configuration that belong to no adapter alone; names and defaults as in the specification. */
import * as z from "zod";
import { jaxSettings } from "../../adapters/jax/options.js";
import { onnxSettings } from "../../adapters/onnx/options.js";
import { sharpSettings } from "../../adapters/sharp/options.js";
import { presetNames } from "../../kit/index.js";

const count = (fallback: number, description: string) => z.int().min(1).default(fallback).describe(description);
const triple = z.tuple([z.number(), z.number(), z.number()]);

export const asyncPipelineSection = z.strictObject({
  preprocessWorkers: count(2, "Images decoded at once. 2 to 4 for local files, 4 to 8 for URLs; more needs more memory."),
  embeddingWorkers: count(1, "Embedders, one for each GPU; each is fed with `inflight_per_worker` batches."),
  insertBatchSize: count(100, "Rows of one write. Larger: fewer calls, more memory."),
  queueMaxsize: count(100, "Items that wait before a stage, at the most; of decoded pictures fewer, as their lanes need."),
  inflightPerWorker: count(2, "Requests that each embedding worker keeps open at the inference server."),
  insertWorkers: count(2, "Writes at once. LanceDB has a single writer, which writes waiting batches together."),
  memoryBudgetMb: count(256, "MiB of images in flight."),
});

export const preprocessSection = z.strictObject({
  batchSize: count(32, "The most images that are offered to the embedder at once; it may ask for less."),
  preset: z
    .union([z.enum(presetNames), z.string().regex(/\.json$/, { abort: true })])
    .nullable()
    .default(null)
    .describe("Named preprocessing, or the path of a model's preprocessor_config.json. null: what the model itself asks for."),
  imageSize: z
    .tuple([z.int().min(1), z.int().min(1)])
    .nullable()
    .default(null)
    .describe("Height and width in pixels. null: the model's own."),
  mean: triple.nullable().default(null).describe("Per channel, of values between 0 and 1. null: the preset's."),
  std: triple.nullable().default(null).describe("Per channel, of values between 0 and 1. null: the preset's."),
  dataFormat: z.enum(["NCHW", "NHWC"]).nullable().default(null).describe("Layout of the tensor. null: the model's own."),
  numWorkers: count(4, "Files read ahead."),
  backend: z
    .enum(["auto", "native", "jax", "server"])
    .default("auto")
    .describe(
      "What turns pixels into tensors. auto: the faster of native and jax, measured when opened. server: a model that takes uint8.",
    ),
  custom: z.string().nullable().default(null).describe("A module with a preprocessor of your own, in JAX; goes instead of a preset."),
  ...jaxSettings,
  ...sharpSettings,
  maxFileMb: count(256, "Encoded images with more MiB are refused as `source_too_large`."),
});

export const embedderSection = z.strictObject({
  kind: z.enum(["auto", "onnx", "triton"]).default("auto").describe("auto: Triton when there is a `triton` section, else ONNX Runtime."),
  ...onnxSettings,
  normalize: z.boolean().default(true).describe("Bring vectors to unit length."),
});

export const limitsSection = z.strictObject({
  maxFailures: z.int().min(0).nullable().default(null).describe("The run ends when more items have failed. null: never."),
  maxFailureRatio: z.number().min(0).max(1).nullable().default(null).describe("The same as a share of at least 100 items."),
  maxOutage: z
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
