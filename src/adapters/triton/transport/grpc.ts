/** Speaks the KServe v2 protocol over gRPC. Tensors are sent as raw bytes. */
import type { Client, Metadata } from "@grpc/grpc-js";
import type { z } from "zod";
import { HeadraceError } from "../../../contracts/index.js";
import { checkAborted, listenForAbort } from "../../../kit/index.js";
import { type GrpcError, isWithheld, missingPackage, requestToTriton, type Target, translateGrpc, translateRefusal } from "../errors.js";
import { type Address, authorityOf } from "./address.js";
import { protocolText, serviceName } from "./grpc-proto.js";
import { configShape, indexShape, joinDescription, joinStatistics, metadataShape, statisticsShape } from "./response-schemas.js";
import type { Security } from "./security.js";
import type { Connection, InferAnswer, InferRequest, ModelDescription, ModelStatistics } from "./transport.js";

export interface GrpcOptions {
  readonly address: Address;
  readonly modelName: string;
  readonly modelVersion: string | null;
  /** Time limit of one call. The server knows the limit, so the server also stops working on the call then. */
  readonly timeoutMs: number;
  /** Time without received data before a keepalive ping is sent. Pings are sent only while calls are open. */
  readonly keepaliveMs: number;
  readonly security: Security;
}

type Unary = (
  request: object,
  metadata: Metadata,
  options: { readonly deadline: number },
  done: (error: GrpcError | null, answer?: unknown) => void,
) => { cancel(): void };

interface Loaded {
  /** Returns a new client with its own connection. */
  readonly connect: () => Client & Record<string, Unary>;
  readonly metadata: Metadata;
  readonly states: { readonly READY: number; readonly SHUTDOWN: number };
}

/** A connection counts as lost when a keepalive ping is not answered within this time. */
const keepaliveTimeoutMs = 5_000;
/** The largest message that gRPC allows. The default of grpc-js, 4 MiB, is smaller than one batch. */
const maxMessageBytes = 2 ** 31 - 1;

export class GrpcConnection implements Connection {
  readonly kind = "grpc";
  readonly #loaded: Loaded;
  readonly #options: GrpcOptions;
  readonly #target: Target;
  #client: Client & Record<string, Unary>;
  #losses = 0;

  private constructor(loaded: Loaded, options: GrpcOptions) {
    this.#loaded = loaded;
    this.#options = options;
    this.#target = { server: options.address.text, model: options.modelName };
    this.#client = this.#connect();
  }

  get losses(): number {
    return this.#losses;
  }

  /** Replaces the connection. A connection whose packets are all lost would otherwise look alive for 15 minutes. */
  renew(): void {
    this.#client.close();
    this.#losses += 1;
    this.#client = this.#connect();
  }

  /** Opens no connection: the first request does. Throws `part_missing` when a gRPC package is not installed. */
  static async create(options: GrpcOptions): Promise<GrpcConnection> {
    return new GrpcConnection(await load(options), options);
  }

  async describe(signal: AbortSignal): Promise<ModelDescription> {
    const [metadata, config] = await Promise.all([
      this.#call("ModelMetadata", this.#name(), signal),
      (this.#call("ModelConfig", this.#name(), signal) as Promise<{ config?: unknown }>).catch((error: unknown) => {
        if (isWithheld(error)) return null;
        throw error;
      }),
    ]);
    return joinDescription(this.#parse(metadata, metadataShape), config === null ? null : this.#parse(config.config, configShape));
  }

  async ready(signal: AbortSignal): Promise<void> {
    const answer = (await this.#call("ModelReady", this.#name(), signal)) as { ready?: boolean };
    if (answer.ready !== true) throw translateRefusal({ kind: "away", status: "", message: "the model is not ready" }, this.#target);
  }

  async infer(request: InferRequest, signal: AbortSignal): Promise<InferAnswer> {
    const { inputs, outputName } = request;
    const answer = (await this.#call(
      "ModelInfer",
      {
        model_name: this.#options.modelName,
        model_version: this.#options.modelVersion ?? "",
        inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
        outputs: [{ name: outputName }],
        raw_input_contents: inputs.map(({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
      },
      signal,
    )) as {
      model_version: string;
      outputs: readonly { datatype: string; shape: readonly string[] }[];
      raw_output_contents: readonly Uint8Array[];
    };
    const [output] = answer.outputs;
    const [raw] = answer.raw_output_contents;
    if (output === undefined || raw === undefined) {
      throw new HeadraceError(
        "model_invalid",
        `Triton ${this.#target.server}, model ${this.#target.model}: expected an output as raw contents, found none`,
      );
    }
    return { datatype: output.datatype, shape: output.shape.map(Number), bytes: raw, version: answer.model_version };
  }

  async statistics(signal: AbortSignal): Promise<ModelStatistics> {
    return joinStatistics(this.#parse(await this.#call("ModelStatistics", this.#name(), signal), statisticsShape));
  }

  async models(signal: AbortSignal): Promise<readonly { name: string; state: string; reason: string }[]> {
    const { models } = (await this.#call("RepositoryIndex", {}, signal)) as { models?: unknown };
    return this.#parse(models, indexShape);
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  #connect(): ReturnType<Loaded["connect"]> {
    const client = this.#loaded.connect();
    this.#watch(client);
    return client;
  }

  /** Counts the client's lost connections, until the client is closed. */
  #watch(client: Client): void {
    const { READY, SHUTDOWN } = this.#loaded.states;
    const channel = client.getChannel();
    const state = channel.getConnectivityState(false);
    if (state === SHUTDOWN) return;
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
      if (state === READY && client === this.#client) this.#losses += 1;
      this.#watch(client);
    });
  }

  #name(): object {
    return { name: this.#options.modelName, version: this.#options.modelVersion ?? "" };
  }

  #parse<T>(value: unknown, shape: z.ZodType<T>): T {
    const parsed = shape.safeParse(value);
    if (parsed.success) return parsed.data;
    throw translateRefusal({ kind: "missing", status: "", message: "an answer outside the KServe v2 protocol" }, this.#target);
  }

  #call(method: string, request: object, signal: AbortSignal): Promise<unknown> {
    checkAborted(signal, requestToTriton);
    const { metadata } = this.#loaded;
    const client = this.#client;
    return new Promise((resolve, reject) => {
      const call = client[method]!(request, metadata, { deadline: Date.now() + this.#options.timeoutMs + 1_000 }, (error, answer) => {
        signal.removeEventListener("abort", cancel);
        if (error === null) resolve(answer);
        else reject(translateGrpc(error, this.#target));
      });
      const cancel = () => call.cancel();
      listenForAbort(signal, cancel);
    });
  }
}

async function load({ address, keepaliveMs, security }: GrpcOptions): Promise<Loaded> {
  const [grpc, loader, protobuf] = await Promise.all([import("@grpc/grpc-js"), import("@grpc/proto-loader"), import("protobufjs")]).catch(
    (error: unknown) => {
      throw missingPackage("@grpc/grpc-js @grpc/proto-loader protobufjs", error);
    },
  );
  // Loads the protocol from .proto text, because a descriptor set breaks parameters that are maps.
  const root = protobuf.default.parse(protocolText, { keepCase: true }).root;
  const definition = loader.fromJSON(root.toJSON({ keepComments: false }), {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
  });
  const Service = grpc.makeGenericClientConstructor(definition[serviceName] as never, serviceName);
  const { headers, ca, cert, key, serverName } = security;
  const credentials = address.tls ? grpc.credentials.createSsl(ca, key, cert) : grpc.credentials.createInsecure();
  const connect = () =>
    new Service(authorityOf(address), credentials, {
      "grpc.max_send_message_length": maxMessageBytes,
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 2_000,
      "grpc.keepalive_time_ms": keepaliveMs,
      "grpc.keepalive_timeout_ms": keepaliveTimeoutMs,
      "grpc.enable_http_proxy": 0,
      // By default, all clients share one connection per server. `close` and `renew` must end the connection of this client only.
      "grpc.use_local_subchannel_pool": 1,
      ...(serverName === null ? {} : { "grpc.ssl_target_name_override": serverName, "grpc.default_authority": serverName }),
    }) as unknown as ReturnType<Loaded["connect"]>;
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return { connect, metadata, states: grpc.connectivityState };
}
