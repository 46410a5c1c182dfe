/** The interface of all transports to a Triton server. */

/** An input or output tensor, as Triton describes the tensor. */
export interface TensorDescription {
  readonly name: string;
  /** Triton's name of the type: UINT8, FP16, FP32 … */
  readonly datatype: string;
  /** The size of each dimension, including the batch dimension, if any. −1: any size. */
  readonly shape: readonly number[];
}

/** The parts of a model's metadata and configuration that Headrace uses. */
export interface ModelDescription {
  readonly name: string;
  readonly versions: readonly string[];
  /** Triton's name of the model's kind. An ensemble has "ensemble". */
  readonly platform: string;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  /** The max_batch_size of config.pbtxt. 0: Triton adds no batch dimension. */
  readonly maxBatchSize: number;
  /** The format of each input, by the input's name: FORMAT_NHWC, FORMAT_NCHW or FORMAT_NONE. */
  readonly formats: Readonly<Record<string, string>>;
  /** Null: the model has no dynamic batching. */
  readonly dynamicBatching: { readonly preferred: readonly number[]; readonly maxQueueDelayUs: number } | null;
  readonly instances: number;
  /**
   * "read": the server returned config.pbtxt. "withheld": the server does not return config.pbtxt, so `maxBatchSize` and all other values
   * from config.pbtxt are defaults.
   */
  readonly configuration: "read" | "withheld";
  /** Custom parameters of config.pbtxt, by name. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface InferInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** The tensor as raw little-endian bytes. The bytes are not read any more after the call has ended. */
  readonly bytes: Uint8Array;
}

export interface InferRequest {
  /** One tensor of images, or the tensors of a text. */
  readonly inputs: readonly [InferInput, ...InferInput[]];
  readonly outputName: string;
}

export interface InferAnswer {
  readonly datatype: string;
  readonly shape: readonly number[];
  /** The tensor as raw little-endian bytes, possibly unaligned. */
  readonly bytes: Uint8Array;
  /** Version of the model that answered. Empty when the server does not report the version. */
  readonly version: string;
}

/** What a server has counted for one model since the model was loaded. */
export interface ModelStatistics {
  readonly images: number;
  /** Time in which instances of the model computed. A batch that serves several requests counts once. */
  readonly computeMs: number;
}

/** A connection to one model on one server. All methods throw only `HeadraceError`s, and end when their signal aborts. */
export interface Connection {
  readonly kind: "http" | "grpc" | "shm";
  describe(signal: AbortSignal): Promise<ModelDescription>;
  /** Throws an error unless the model is ready to answer requests. */
  ready(signal: AbortSignal): Promise<void>;
  infer(request: InferRequest, signal: AbortSignal): Promise<InferAnswer>;
  statistics(signal: AbortSignal): Promise<ModelStatistics>;
  /** Lists the models in the server's model repository, each with its state. */
  models(signal: AbortSignal): Promise<readonly { readonly name: string; readonly state: string; readonly reason: string }[]>;
  /** Drops the network connection, which may no longer work. The next call opens a new network connection. */
  renew(): void;
  /** How many network connections have been lost so far. A new network connection may lead to another server. */
  readonly losses: number;
  close(): Promise<void>;
}
