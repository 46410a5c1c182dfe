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

export interface InferenceRequest {
  readonly inputName: string;
  readonly outputName: string;
  readonly dtype: TensorType;
  readonly shape: readonly number[];
}

export interface InferenceAnswer {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}
