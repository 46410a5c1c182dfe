/** The configuration sections that more than one adapter uses. Names and defaults follow `test/config/specification.yaml`. */
import * as z from "zod";
import { jaxSettings } from "../../adapters/jax/options.js";
import { onnxSettings } from "../../adapters/onnx/options.js";
import { sharpSettings } from "../../adapters/sharp/options.js";
import { presetNames } from "../../kit/index.js";

const count = (fallback: number, description: string) => z.int().min(1).default(fallback).describe(description);
const triple = z.tuple([z.number(), z.number(), z.number()]);

export const asyncPipelineSection = z.strictObject({
  preprocessWorkers: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe("Threads that read and decode images, two at a time each. null: one less than the machine has cores, and at least 2."),
  embeddingWorkers: count(
    1,
    "Embedding workers, each with `inflight_per_worker` batches in flight. A Triton model with more instances (GPUs × count) gets one per instance.",
  ),
  insertBatchSize: count(100, "Rows per write. Larger batches mean fewer calls and more memory."),
  queueMaxsize: count(
    100,
    "Maximum number of embedded images that wait to be written, but at least one full write. Also limits the other queues; those of decoded images hold fewer.",
  ),
  inflightPerWorker: count(2, "Concurrent requests of each embedding worker to the inference server."),
  insertLingerMs: z.int().min(0).default(500).describe("Milliseconds that an incomplete write waits for more rows."),
  insertWorkers: count(2, "Concurrent writes. LanceDB has a single writer, which writes waiting batches together."),
  memoryBudgetMb: count(256, "Maximum MiB of images in flight."),
});

export const preprocessSection = z.strictObject({
  batchSize: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "Images per embedding batch. Triton gets batches of this size, as far as the model takes them; ONNX Runtime smaller ones. null: what the model prefers, else 32.",
    ),
  preset: z
    .union([z.enum(presetNames), z.string().regex(/\.json$/, { abort: true })])
    .nullable()
    .default(null)
    .describe("Name of a preset, or path of a model's preprocessor_config.json. null: the model's own preprocessing."),
  imageSize: z
    .tuple([z.int().min(1), z.int().min(1)])
    .nullable()
    .default(null)
    .describe("Height and width in pixels. null: the model's own."),
  mean: triple.nullable().default(null).describe("Mean per channel, for values 0 to 1. null: the preset's."),
  std: triple.nullable().default(null).describe("Standard deviation per channel, for values 0 to 1. null: the preset's."),
  dataFormat: z.enum(["NCHW", "NHWC"]).nullable().default(null).describe("Layout of the tensor. null: the model's own."),
  numWorkers: count(4, "Files read concurrently."),
  backend: z
    .enum(["auto", "native", "jax", "server"])
    .default("auto")
    .describe(
      "Backend that turns pixels into tensors. auto: the faster of native and jax, measured at startup. server: the model takes uint8 and normalises by itself.",
    ),
  custom: z.string().nullable().default(null).describe("Path of a module with your own preprocessor in JAX. Replaces the preset."),
  ...jaxSettings,
  ...sharpSettings,
  maxFileMb: count(256, "Maximum MiB of an encoded image. A larger one fails with `source_too_large`."),
});

export const embedderSection = z.strictObject({
  kind: z.enum(["auto", "onnx", "triton"]).default("auto").describe("auto: Triton when there is a `triton` section, else ONNX Runtime."),
  ...onnxSettings,
  normalize: z.boolean().default(true).describe("Scale vectors to unit length."),
});

export const limitsSection = z.strictObject({
  maxFailures: z.int().min(0).nullable().default(null).describe("The run ends if more items than this fail. null: no limit."),
  maxFailureRatio: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .default(null)
    .describe("The run ends if a larger share of items fails. Checked from 100 items on. null: no limit."),
  maxOutage: z
    .number()
    .positive("expected a number of seconds above 0")
    .nullable()
    .default(null)
    .describe("Seconds that a service may be unavailable before the run ends. null: the value of the `triton` section, else 300."),
});

const noServer = { ignored: "there is no HTTP server yet" };
const noLog = { ignored: "there is no log yet" };

export const serverSection = z.strictObject({
  host: z.string().default("127.0.0.1").describe("Address to listen on. 0.0.0.0: all addresses.").meta(noServer),
  port: z.int().min(0).max(65_535).default(8080).describe("Port to listen on. 0: any free port.").meta(noServer),
});

export const loggingSection = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("Minimum level to log.").meta(noLog),
  format: z.enum(["auto", "text", "json"]).default("auto").describe("auto: text on a terminal, else JSON lines.").meta(noLog),
});
