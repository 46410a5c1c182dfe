/** The `triton` section of the configuration. Loads no vendor's package. */
import * as z from "zod";
import type { ModelExpectation } from "./model.js";

const seconds = (fallback: number, description: string) =>
  z.number().positive("expected a number of seconds above 0").default(fallback).describe(description);
const optionalName = (description: string) => z.string().min(1).nullable().default(null).describe(description);

export const tritonTransports = ["auto", "http", "grpc", "shm"] as const;
export type TritonTransport = (typeof tritonTransports)[number];

/** Those that the protocols need for themselves. */
const takenHeaders = /^(content-.*|inference-header-content-length|host|connection|transfer-encoding|te|expect|upgrade|grpc-.*|.*-bin)$/i;

const headers = z
  .record(
    z
      .string()
      .regex(/^[a-z0-9_.-]+$/i, "expected the name of a header")
      .refine((name) => !takenHeaders.test(name), "expected another header than those that the protocols set themselves"),
    z.string().regex(/^[\x20-\x7e]*$/, "expected printable ASCII"),
  )
  .default({})
  .describe("Sent with every request, as HTTP headers or gRPC metadata: { Authorization: Bearer … }. The values are secrets.");

const keys = z.strictObject({
  url: z
    .string()
    .min(1)
    .default("localhost:8000")
    .describe("host:port of the server; https:// or grpcs:// before it for TLS. 8000 is Triton's HTTP port, 8001 its gRPC port."),
  urls: z
    .array(z.string().min(1))
    .min(1)
    .nullable()
    .default(null)
    .describe("Several servers with the same model, instead of `url`. The one with the fewest open requests gets the next."),
  transport: z
    .enum(tritonTransports)
    .optional()
    .describe("How tensors travel. auto: shared memory where it works, else HTTP binary; gRPC when the URL begins with grpc://.")
    .meta({ default: "auto" }),
  protocol: z
    .enum(tritonTransports)
    .optional()
    .describe("Another name of `transport`, as in files of the Python service.")
    .meta({ deprecated: true }),
  modelName: z.string().min(1).default("efficientnet_lite0").describe("Name in the server's model repository."),
  modelVersion: z
    .union([z.string().min(1), z.int().min(1)])
    .transform(String)
    .nullable()
    .default(null)
    .describe("null: the one that the server's version policy picks."),
  inputName: optionalName("Input that takes the images. null: the only one."),
  outputName: optionalName("Output that is the embedding. null: found by name and shape."),
  headers,
  caFile: optionalName("PEM file of the authority that signed the server's certificate. null: those that the system trusts."),
  certFile: optionalName("PEM file of the client's certificate, for mutual TLS."),
  keyFile: optionalName("PEM file of its key."),
  serverName: optionalName("Name in the server's certificate, where it is not the host."),
  timeout: seconds(60, "Seconds that one request may take."),
  maxRetries: z
    .int()
    .min(0)
    .default(3)
    .describe(
      "How often a failed batch is tried again before it is halved: 3 is four calls in all, 0 is one. It also holds for reading, decoding and the store.",
    ),
  retryDelay: z.number().min(0).default(1).describe("Seconds before the second try; it doubles from there."),
  maxOutage: seconds(300, "Seconds that all servers may be away before the run ends."),
});

/** `transport` is always there afterwards, `protocol` never. */
export const tritonSection = keys
  .refine(({ transport, protocol }) => transport === undefined || protocol === undefined || transport === protocol, {
    path: ["protocol"],
    error: "`protocol` is another name of `transport`: expected one of the two, or the same value",
  })
  .transform(({ protocol, ...section }) => ({ ...section, transport: section.transport ?? protocol ?? ("auto" as const) }));

export type TritonSection = z.output<typeof tritonSection>;

/** The section, where it is not as its defaults; retries and outages are the engine's. */
export interface TritonEmbedderOptions extends Partial<Omit<TritonSection, "maxRetries" | "retryDelay" | "maxOutage">> {
  /** What the rest of the configuration needs; a model that differs is refused with `model_mismatch`. Default: whatever the model says. */
  readonly expect?: Partial<Omit<ModelExpectation, "inputName" | "outputName">>;
  /** Requests that are kept open at each server, so that it never waits for the way there and back. Default 2. */
  readonly inflight?: number;
  /** gRPC asks whether a silent connection still lives, first after so many milliseconds. Default 20,000; a third of `timeout` where that is more. */
  readonly keepaliveMs?: number;
}
