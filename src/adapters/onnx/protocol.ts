/** Messages between the embedder and its session threads. */
import type { DeclaredTensor, TensorType } from "../../contracts/index.js";

export interface SessionSettings {
  readonly modelPath: string;
  /** Number of threads that ONNX Runtime uses for one session. */
  readonly threads: number;
  /** See `embedder.niceness`. */
  readonly niceness: number;
}

export interface ModelDeclaration {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
}

/** One input of an inference. Its numbers follow those of the input before it in the buffer of the call. */
export interface InputTensor {
  readonly name: string;
  readonly dtype: TensorType | "int32" | "int64";
  readonly shape: readonly number[];
}

/** How the vectors of the patches of an image become one: "cls" takes the first, "mean" the mean of all. */
export type Pooling = "cls" | "mean";

export interface InferenceRequest {
  readonly inputs: readonly InputTensor[];
  readonly outputName: string;
  /** Null: the output is returned as it is. */
  readonly pooling: Pooling | null;
}

export interface InferenceAnswer {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}
