/** What every way to a Triton server offers. */

/** An input or output as the server describes it. */
export interface TensorDescription {
  readonly name: string;
  /** UINT8, FP16, FP32 … */
  readonly datatype: string;
  /** With the batch dimension where there is one; −1 is free. */
  readonly shape: readonly number[];
}

/** The parts of a model's metadata and configuration that we read. */
export interface ModelDescription {
  readonly name: string;
  readonly versions: readonly string[];
  /** "ensemble" for one that passes tensors on to others. */
  readonly platform: string;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  /** 0: the model has no batch dimension of Triton's. */
  readonly maxBatchSize: number;
  /** FORMAT_NHWC, FORMAT_NCHW or FORMAT_NONE, by input. */
  readonly formats: Readonly<Record<string, string>>;
  /** Null: no dynamic batching. */
  readonly dynamicBatching: { readonly preferred: readonly number[]; readonly maxQueueDelayUs: number } | null;
  readonly instances: number;
  /** "withheld": the server does not show config.pbtxt, so that the four above are only what the metadata lets one guess. */
  readonly configuration: "read" | "withheld";
  /** Free text by name, from config.pbtxt. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface InferRequest {
  readonly inputName: string;
  readonly outputName: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** The raw little-endian tensor; not touched after the call has ended. */
  readonly bytes: Uint8Array;
}

export interface InferAnswer {
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Raw little-endian, at any alignment. */
  readonly bytes: Uint8Array;
  /** Version of the model that answered; empty when the server does not report it. */
  readonly version: string;
}

/** One server, one model. Every call throws HeadraceErrors alone, and ends with its signal. */
export interface Connection {
  readonly kind: "http" | "grpc" | "shm";
  describe(signal: AbortSignal): Promise<ModelDescription>;
  /** Resolves when the server answers that the model is ready, else throws. */
  ready(signal: AbortSignal): Promise<void>;
  infer(request: InferRequest, signal: AbortSignal): Promise<InferAnswer>;
  /** Names in the server's repository with their states; what a wrong model name is answered with. */
  models(signal: AbortSignal): Promise<readonly { readonly name: string; readonly state: string; readonly reason: string }[]>;
  /** Leaves what may be a dead connection; the next call makes a new one. */
  renew(): void;
  /** How many connections were lost so far, whoever closed them: behind the next one may be another server. */
  readonly losses: number;
  close(): Promise<void>;
}
