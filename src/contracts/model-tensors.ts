/** What a model declares about its inputs and outputs, to show to users. */

/** An input or output. In the shape, a name instead of a number is a dynamic dimension. */
export interface DeclaredTensor {
  readonly name: string;
  /** The type of its numbers, such as "int64" or "float32". Null if it is no tensor. */
  readonly type: string | null;
  readonly shape: readonly (number | string)[];
}

/** The inputs and outputs of a model. */
export interface ModelTensors {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
  /** The name of the output that is the embedding. */
  readonly embedding: string;
}
