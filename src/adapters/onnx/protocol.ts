/** Messages between the embedder and its session threads. */
import type { TensorType } from "../../contracts/index.js";

export interface SessionSettings {
  readonly modelPath: string;
  /** Number of threads that ONNX Runtime uses for one session. */
  readonly threads: number;
}

/** An input or output as the model declares it. In the shape, a name instead of a number is a dynamic dimension. */
export interface TensorDeclaration {
  readonly name: string;
  /** ONNX Runtime's name of the number type. Null if the input or output is not a tensor. */
  readonly type: string | null;
  readonly shape: readonly (number | string)[];
}

export interface ModelDeclaration {
  readonly inputs: readonly TensorDeclaration[];
  readonly outputs: readonly TensorDeclaration[];
}

/** One input of an inference. Its numbers follow those of the input before it in the buffer of the call. */
export interface InputTensor {
  readonly name: string;
  readonly dtype: TensorType | "int32" | "int64";
  readonly shape: readonly number[];
}

export interface InferenceRequest {
  readonly inputs: readonly InputTensor[];
  readonly outputName: string;
}

export interface InferenceAnswer {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}
