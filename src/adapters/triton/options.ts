/** The `triton` section of the configuration. This file imports no optional package such as undici or grpc-js. */
import * as z from "zod";
import type { Tokenizer } from "../../contracts/index.js";
import type { ModelExpectation } from "./model.js";

const seconds = (fallback: number, description: string) =>
  z.number().positive("expected a number of seconds above 0").default(fallback).describe(description);
const optionalName = (description: string) => z.string().min(1).nullable().default(null).describe(description);

export const tritonTransports = ["auto", "http", "grpc", "shm"] as const;
export type TritonTransport = (typeof tritonTransports)[number];

/** Headers that the HTTP and gRPC libraries set. The user must not set them. */
const takenHeaders = /^(content-.*|inference-header-content-length|host|connection|transfer-encoding|te|expect|upgrade|grpc-.*|.*-bin)$/i;

const headers = z
  .record(
    z
      .string()
      .regex(/^[a-z0-9_.-]+$/i, "expected the name of a header")
      .refine((name) => !takenHeaders.test(name), "expected a header that HTTP and gRPC do not set themselves"),
    z.string().regex(/^[\x20-\x7e]*$/, "expected printable ASCII"),
  )
  .default({})
  .describe("HTTP headers or gRPC metadata of every request: { Authorization: Bearer … }. The values are treated as secrets.");

const keys = z.strictObject({
  url: z
    .string()
    .min(1)
    .default("localhost:8000")
    .describe("host:port of the server, with https:// or grpcs:// for TLS. Triton's HTTP port is 8000, its gRPC port 8001."),
  urls: z
    .array(z.string().min(1))
    .min(1)
    .nullable()
    .default(null)
    .describe("Several servers with the same model, instead of `url`. The server with the fewest open requests gets the next batch."),
  transport: z
    .enum(tritonTransports)
    .optional()
    .describe("How tensors are sent. auto: shared memory if it works, else binary HTTP; gRPC if the URL begins with grpc://.")
    .meta({ default: "auto" }),
  protocol: z
    .enum(tritonTransports)
    .optional()
    .describe("Alias of `transport`, for files of the Python service.")
    .meta({ deprecated: true }),
  metricsPort: z
    .int()
    .min(1)
    .max(65_535)
    .nullable()
    .default(null)
    .describe("Port of the server's metrics, for the utilisation of its GPUs. null: 8002 if `url` has port 8000 or 8001, else not read."),
  modelName: z.string().min(1).default("efficientnet_lite0").describe("Name of the model in the server's repository."),
  modelVersion: z
    .union([z.string().min(1), z.int().min(1)])
    .transform(String)
    .nullable()
    .default(null)
    .describe("null: the server's version policy chooses."),
  inputName: optionalName("Input tensor for the images. null: the model's only input."),
  outputName: optionalName("Output tensor with the embedding. null: found by name and shape."),
  headers,
  caFile: optionalName("PEM file of the certificate authority that signed the server's certificate. null: the system's."),
  certFile: optionalName("PEM file of the client's certificate, for mutual TLS."),
  keyFile: optionalName("PEM file of the client certificate's private key."),
  serverName: optionalName("Name in the server's certificate, if it differs from the host."),
  timeout: seconds(60, "Maximum seconds per request."),
  maxRetries: z
    .int()
    .min(0)
    .default(3)
    .describe(
      "Retries of a failed batch before it is halved: 3 means four calls, 0 means one. Also applies to reading, decoding and the store.",
    ),
  retryDelay: z.number().min(0).default(1).describe("Seconds before the first retry. Doubles with each further retry."),
  maxOutage: seconds(300, "Seconds that all servers may be away before the run ends."),
});

/** Merges the alias `protocol` into `transport`: the parsed section has only `transport`. */
export const tritonSection = keys
  .refine(({ transport, protocol }) => transport === undefined || protocol === undefined || transport === protocol, {
    path: ["protocol"],
    error: "expected one of `transport` and its alias `protocol`, or the same value in both",
  })
  .transform(({ protocol, ...section }) => ({ ...section, transport: section.transport ?? protocol ?? ("auto" as const) }));

export type TritonSection = z.output<typeof tritonSection>;

/**
 * A missing setting has the default of the `triton` section. The settings for retries and outages are left out, because the engine handles
 * both.
 */
export interface TritonEmbedderOptions extends Partial<Omit<TritonSection, "maxRetries" | "retryDelay" | "maxOutage">> {
  /** Properties that the served model must have. A model with other properties is refused with `model_mismatch`. Default: any model. */
  readonly expect?: Partial<Omit<ModelExpectation, "inputName" | "outputName">>;
  /**
   * Concurrent requests per instance of the model. Default 2: while one batch travels over the network, the server computes the other.
   */
  readonly inflight?: number;
  /** Each server counts as having at least this number of instances. Default 1. */
  readonly minWorkers?: number;
  /** Idle milliseconds before the first gRPC keepalive ping. Default: the larger of 20,000 and a third of `timeout`. */
  readonly keepaliveMs?: number;
}

/** A missing setting has the default of the `triton` section. Texts are few and short, so they are never sent through shared memory. */
export interface TritonTextEmbedderOptions
  extends Partial<
    Pick<TritonSection, "url" | "urls" | "transport" | "headers" | "caFile" | "certFile" | "keyFile" | "serverName" | "timeout">
  > {
  /** Name of the model in the server's repository. */
  readonly model: string;
  readonly openTokenizer: () => Promise<Tokenizer>;
}
