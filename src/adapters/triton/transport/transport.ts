/** The interface of all transports to a Triton server. */

/** An input or output tensor as the server describes it. */
export interface TensorDescription {
  readonly name: string;
  /** UINT8, FP16, FP32 … */
  readonly datatype: string;
  /** Includes the batch dimension, if any. −1: any size. */
  readonly shape: readonly number[];
}

/** A model's metadata and configuration, as far as Headrace uses them. */
export interface ModelDescription {
  readonly name: string;
  readonly versions: readonly string[];
  /** "ensemble" for an ensemble. */
  readonly platform: string;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  /** 0: Triton adds no batch dimension. */
  readonly maxBatchSize: number;
  /** FORMAT_NHWC, FORMAT_NCHW or FORMAT_NONE, per input. */
  readonly formats: Readonly<Record<string, string>>;
  /** Null: no dynamic batching. */
  readonly dynamicBatching: { readonly preferred: readonly number[]; readonly maxQueueDelayUs: number } | null;
  readonly instances: number;
  /** "withheld": the server does not return config.pbtxt, so the values from it are defaults. */
  readonly configuration: "read" | "withheld";
  /** Custom parameters of config.pbtxt, by name. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface InferRequest {
  readonly inputName: string;
  readonly outputName: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** The raw little-endian tensor. Not read after the call has ended. */
  readonly bytes: Uint8Array;
}

export interface InferAnswer {
  readonly datatype: string;
  readonly shape: readonly number[];
  /** The raw little-endian tensor, possibly unaligned. */
  readonly bytes: Uint8Array;
  /** Version of the model that answered; empty when the server does not report it. */
  readonly version: string;
}

/** A connection to one model on one server. Calls throw only `HeadraceError`s and end when their signal aborts. */
export interface Connection {
  readonly kind: "http" | "grpc" | "shm";
  describe(signal: AbortSignal): Promise<ModelDescription>;
  /** Throws unless the model is ready. */
  ready(signal: AbortSignal): Promise<void>;
  infer(request: InferRequest, signal: AbortSignal): Promise<InferAnswer>;
  /** The models in the server's repository, with their states. */
  models(signal: AbortSignal): Promise<readonly { readonly name: string; readonly state: string; readonly reason: string }[]>;
  /** Drops the connection, which may be dead. The next call makes a new one. */
  renew(): void;
  /** Number of lost connections so far. A new connection may lead to another server. */
  readonly losses: number;
  close(): Promise<void>;
}
