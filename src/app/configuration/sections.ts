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

export const metadataSection = z.strictObject({
  exif: z
    .union([z.boolean(), z.literal("all")])
    .default(true)
    .describe(
      "Metadata that the file of an image contains (EXIF, XMP, IPTC). true: `taken_at`, `latitude`, `longitude`, `camera`. all: also the lens, the exposure, title, description, keywords and rating. false: none.",
    ),
});

export const deletedSection = z.strictObject({
  keep: z
    .boolean()
    .default(true)
    .describe(
      "Write rows to a file before they are deleted, so that `headrace restore` can bring them back. false: deleted rows are lost.",
    ),
  keepDays: count(30, "Days that these files are kept. The next deletion from the same collection removes older ones."),
  maxMb: count(
    20_480,
    "Maximum MiB of these files for each collection. If deleted rows would need more, nothing is deleted, with `deletion_too_large`.",
  ),
});

export const embedderSection = z.strictObject({
  kind: z.enum(["auto", "onnx", "triton"]).default("auto").describe("auto: Triton when there is a `triton` section, else ONNX Runtime."),
  ...onnxSettings,
  text: z
    .strictObject({
      kind: z
        .enum(["onnx", "triton"])
        .default("onnx")
        .describe("Where the model for texts runs. onnx: in this process. triton: on the server of the `triton` section."),
      model: z.string().min(1).describe("Path of its ONNX file. With kind triton: its name in the server's repository."),
      tokenizer: z.string().min(1).describe("Path of the tokenizer.json that belongs to it."),
    })
    .nullable()
    .default(null)
    .describe(
      "The text model of a CLIP or SigLIP, for searches by words. null: the one in the folder `model`, else the labels of the shipped model.",
    ),
  normalize: z.boolean().default(true).describe("Scale vectors to unit length."),
  matryoshka: z
    .array(z.int().min(1))
    .default([])
    .describe(
      "Shorter lengths of vectors for which the model was trained, such as [512, 256]. Requests for embeddings may ask for them as `dimensions`, and `embedder.dimensions` for collections.",
    ),
  dimensions: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "Collections get only so many first numbers of each vector. One of `embedder.matryoshka`. Searches are faster, and take less memory. null: whole vectors.",
    ),
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

const seconds = (fallback: number, description: string) =>
  z.number().positive("expected a number of seconds above 0").default(fallback).describe(description);

const serverKey = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/, "expected at most 64 letters, digits, `_`, `.` and `-`")
    .describe("Name of the key in the log."),
  apiKey: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, "expected at least 16 printable characters without spaces")
    .describe("The secret that clients send as `Authorization: Bearer`."),
  scopes: z
    .array(z.enum(["read", "write", "admin"]))
    .min(1)
    .default(["read"])
    .describe("What the key allows."),
  collections: z
    .array(z.string().regex(/^\w+\*?$|^\*$/, "expected names of collections, or beginnings of names before a `*`"))
    .min(1)
    .nullable()
    .default(null)
    .describe("Collections and aliases that the key may use. `shop_*`: all whose names begin with `shop_`. null: all."),
});

export const serverSection = z.strictObject({
  host: z.string().min(1).default("127.0.0.1").describe("Address to listen on. 0.0.0.0: all addresses."),
  port: z.int().min(0).max(65_535).default(8080).describe("Port to listen on. 0: any free port."),
  keys: z
    .array(serverKey)
    .default([])
    .describe(
      "API keys, each with `name`, `api_key`, `scopes` (read, write, admin) and `collections`. Without keys, every client may do everything.",
    ),
  keysFile: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "File with more API keys. One line per key: name, scopes joined by commas, key, and if it is limited its collections joined by commas. It is read again when it changes.",
    ),
  tlsCert: z
    .string()
    .nullable()
    .default(null)
    .describe("File with the server's certificate and its chain, as PEM. It is read again when it changes. null: plain HTTP."),
  tlsKey: z.string().nullable().default(null).describe("File with the private key of `tls_cert`, as PEM."),
  allowedRoots: z
    .array(z.string().min(1))
    .default([])
    .describe("Folders whose files requests may name, and `s3://` prefixes that jobs may name. Default: none."),
  allowedHosts: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Names under which clients reach the server, such as images.example.com. Without keys, requests to other names are refused; addresses and localhost are always taken.",
    ),
  trustedProxies: z
    .array(
      z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], { error: "expected an address or a network, such as 10.0.0.7 or 10.0.0.0/8" }),
    )
    .default([])
    .describe(
      "Addresses or networks of the proxies before the server, such as 10.0.0.0/8. Only from these, `X-Forwarded-For` names the client. Default: none.",
    ),
  maxBodyMb: count(64, "Maximum MiB of the body of a request. A larger one is answered with 413."),
  maxImages: count(100, "Maximum number of images in one request."),
  maxConcurrent: count(64, "Maximum number of requests that are worked on at the same time. More requests wait."),
  maxWaiting: count(512, "Maximum number of requests that wait. More are answered with 503."),
  maxStreams: count(
    64,
    "Maximum number of event streams that one API key, or without keys one address, may have open at the same time. More are answered with 503.",
  ),
  maxBodiesMb: count(512, "Maximum MiB of the bodies of all open requests together. More requests are answered with 503."),
  maxUrlsMb: count(
    256,
    "Maximum MiB of the images that searches, embeddings and thumbnails read from URLs at the same time, each of at most `max_body_mb`. Further images wait.",
  ),
  rateLimit: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "Maximum number of requests per minute and API key; without a valid key, per address. More are answered with 429. null: no limit.",
    ),
  requestTimeout: seconds(300, "Maximum seconds to answer a request after its body has arrived. Then its work is aborted."),
  bodyTimeout: seconds(
    60,
    "Maximum seconds in which a request must arrive completely. An upload to a job may take longer, while 16 KiB per second of it arrive.",
  ),
  readTimeout: seconds(60, "Seconds in which a client must read something of its answer. Then its connection is closed."),
  drainTimeout: seconds(30, "Seconds that open requests and jobs have to finish after SIGTERM. Then they are aborted."),
  jobsAtOnce: count(2, "Jobs that run at the same time. Others wait."),
  maxWaitingJobs: count(
    1000,
    "Maximum number of jobs that wait. Further ones are answered with 503. One API key has at most three quarters of them.",
  ),
  keepJobs: count(200, "Number of ended jobs that are kept with their failures. Older ones are deleted."),
  stallTimeout: seconds(
    300,
    "Seconds that a worker of a job may spend on one batch. Then `/health/live` fails, so that the server is restarted.",
  ),
  otlpEndpoint: z
    .url({ protocol: /^https?$/, error: "expected an address that begins with http:// or https://" })
    .nullable()
    .default(null)
    .describe(
      "Address of an OpenTelemetry collector for traces, such as http://127.0.0.1:4318. null: that of `OTEL_EXPORTER_OTLP_ENDPOINT`, else no traces.",
    ),
  maxJobMb: count(10_240, "Maximum MiB of the images that are sent to a job, and of a file that is uploaded in parts."),
  maxJobsMb: count(
    51_200,
    "Maximum MiB that the images and snapshots of all jobs take on disk, with uploads in parts and the images that stay for a retry. Those of one API key take at most three quarters of it.",
  ),
  maxUploads: count(10_000, "Uploads in parts that one API key, or without keys all clients together, may have that no job has used."),
  uploadLifetime: seconds(86_400, "Seconds that an upload in parts is kept that gets no more bytes and that no job uses."),
  keepUploadsMb: z
    .int()
    .min(0)
    .default(1024)
    .describe(
      "Maximum MiB of stored images that were sent to the server. They are kept in `lancedb.path` to show their pictures; the oldest are deleted first. 0: none are kept.",
    ),
});

export const loggingSection = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("Minimum level to log. Only `headrace serve` writes a log."),
  format: z.enum(["auto", "text", "json"]).default("auto").describe("auto: text on a terminal, else JSON lines."),
});
