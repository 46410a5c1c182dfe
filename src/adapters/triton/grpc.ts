/** The KServe v2 protocol over gRPC, tensors as raw contents. */
import type { Client, Metadata, ServiceError } from "@grpc/grpc-js";
import type { z } from "zod";
import { HeadraceError } from "../../contracts/index.js";
import { type Address, authorityOf } from "./address.js";
import { throwIfAborted } from "./deadline.js";
import { missingPackage, type Refusal, type Target, translateBroken, translateRefusal } from "./errors.js";
import { protocolText, serviceName } from "./protocol.js";
import type { Connection, InferAnswer, InferRequest, ModelDescription, ModelStatistics } from "./transport.js";
import { configShape, indexShape, joinDescription, joinStatistics, metadataShape, statisticsShape } from "./wire.js";

export interface GrpcOptions {
  readonly address: Address;
  readonly modelName: string;
  readonly modelVersion: string | null;
  /** Deadline of every call, so that the server stops working for us too. */
  readonly timeoutMs: number;
}

type Unary = (
  request: object,
  metadata: Metadata,
  options: { readonly deadline: number },
  done: (error: ServiceError | null, answer?: unknown) => void,
) => { cancel(): void };

interface Loaded {
  readonly client: Client & Record<string, Unary>;
  readonly metadata: Metadata;
}

/** The protocol allows 2 GiB − 1; the library's own limit of 4 MiB is less than one batch. */
const maxMessageBytes = 2 ** 31 - 1;

/** gRPC status codes. */
const status = { cancelled: 1, invalidArgument: 3, deadlineExceeded: 4, notFound: 5, permissionDenied: 7, resourceExhausted: 8 } as const;
const more = { unimplemented: 12, internal: 13, unavailable: 14, unauthenticated: 16 } as const;

export class GrpcConnection implements Connection {
  readonly kind = "grpc";
  readonly #loaded: Loaded;
  readonly #options: GrpcOptions;
  readonly #target: Target;

  private constructor(loaded: Loaded, options: GrpcOptions) {
    this.#loaded = loaded;
    this.#options = options;
    this.#target = { server: options.address.text, model: options.modelName };
  }

  /** Connects with the first request. Throws `part_missing` without the gRPC packages. */
  static async create(options: GrpcOptions): Promise<GrpcConnection> {
    return new GrpcConnection(await load(options.address), options);
  }

  async describe(signal: AbortSignal): Promise<ModelDescription> {
    const [metadata, config] = await Promise.all([
      this.#call("ModelMetadata", this.#name(), signal),
      this.#call("ModelConfig", this.#name(), signal) as Promise<{ config?: unknown }>,
    ]);
    return joinDescription(this.#parse(metadata, metadataShape), this.#parse(config.config, configShape));
  }

  async ready(signal: AbortSignal): Promise<void> {
    const answer = (await this.#call("ModelReady", this.#name(), signal)) as { ready?: boolean };
    if (answer.ready !== true) throw translateRefusal({ kind: "away", message: "the model is not ready" }, this.#target);
  }

  async infer(request: InferRequest, signal: AbortSignal): Promise<InferAnswer> {
    const { inputName, outputName, datatype, shape, bytes } = request;
    const answer = (await this.#call(
      "ModelInfer",
      {
        model_name: this.#options.modelName,
        model_version: this.#options.modelVersion ?? "",
        inputs: [{ name: inputName, datatype, shape }],
        outputs: [{ name: outputName }],
        raw_input_contents: [Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)],
      },
      signal,
    )) as { outputs: readonly { datatype: string; shape: readonly string[] }[]; raw_output_contents: readonly Uint8Array[] };
    const [output] = answer.outputs;
    const [raw] = answer.raw_output_contents;
    if (output === undefined || raw === undefined) {
      throw new HeadraceError(
        "model_invalid",
        `Triton ${this.#target.server}, model ${this.#target.model}: expected an output as raw contents, found none`,
      );
    }
    return { datatype: output.datatype, shape: output.shape.map(Number), bytes: raw };
  }

  async statistics(signal: AbortSignal): Promise<ModelStatistics> {
    return joinStatistics(this.#parse(await this.#call("ModelStatistics", this.#name(), signal), statisticsShape));
  }

  async models(signal: AbortSignal): Promise<readonly { name: string; state: string; reason: string }[]> {
    const { models } = (await this.#call("RepositoryIndex", {}, signal)) as { models?: unknown };
    return this.#parse(models, indexShape);
  }

  async close(): Promise<void> {
    this.#loaded.client.close();
  }

  #name(): object {
    return { name: this.#options.modelName, version: this.#options.modelVersion ?? "" };
  }

  #parse<T>(value: unknown, shape: z.ZodType<T>): T {
    const parsed = shape.safeParse(value);
    if (parsed.success) return parsed.data;
    throw translateRefusal({ kind: "missing", message: "expected an answer of the KServe v2 protocol" }, this.#target);
  }

  #call(method: string, request: object, signal: AbortSignal): Promise<unknown> {
    throwIfAborted(signal);
    const { client, metadata } = this.#loaded;
    return new Promise((resolve, reject) => {
      const call = client[method]!(request, metadata, { deadline: Date.now() + this.#options.timeoutMs + 1_000 }, (error, answer) => {
        signal.removeEventListener("abort", cancel);
        if (error === null) resolve(answer);
        else reject(this.#translate(error));
      });
      const cancel = () => call.cancel();
      signal.addEventListener("abort", cancel, { once: true });
    });
  }

  #translate(error: ServiceError): HeadraceError {
    const kind = kindOf(error.code);
    const message = `gRPC ${error.code}: ${error.details}`;
    if (kind === null) return translateBroken(error, this.#target);
    return translateRefusal({ kind, message, cause: error }, this.#target);
  }
}

function kindOf(code: number): Refusal["kind"] | null {
  switch (code) {
    case status.resourceExhausted:
      return "busy";
    case status.notFound:
      return "invalid";
    case status.invalidArgument:
      return "invalid";
    case status.permissionDenied:
    case more.unauthenticated:
      return "forbidden";
    case more.unimplemented:
      return "missing";
    case more.unavailable:
    case status.deadlineExceeded:
      return "away";
    case status.cancelled:
      return null;
    default:
      return "failed";
  }
}

async function load(address: Address): Promise<Loaded> {
  const [grpc, loader, protobuf] = await Promise.all([import("@grpc/grpc-js"), import("@grpc/proto-loader"), import("protobufjs")]).catch(
    (error: unknown) => {
      throw missingPackage("@grpc/grpc-js @grpc/proto-loader protobufjs", error);
    },
  );
  // From the text: a descriptor set breaks map-typed parameters.
  const root = protobuf.default.parse(protocolText, { keepCase: true }).root;
  const definition = loader.fromJSON(root.toJSON({ keepComments: false }), {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
  });
  const Service = grpc.makeGenericClientConstructor(definition[serviceName] as never, serviceName);
  const credentials = address.tls ? grpc.credentials.createSsl() : grpc.credentials.createInsecure();
  const client = new Service(authorityOf(address), credentials, {
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
    "grpc.enable_http_proxy": 0,
    // A connection of its own: closing it cannot disturb another client, and nothing of it outlives `close`.
    "grpc.use_local_subchannel_pool": 1,
  });
  return { client: client as unknown as Loaded["client"], metadata: new grpc.Metadata() };
}
