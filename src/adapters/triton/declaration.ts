/** Describes the tensors of a served model in the words of all adapters. */
import type { DeclaredTensor } from "../../contracts/index.js";
import type { ModelDescription, TensorDescription } from "./transport/transport.js";

export function declarationOf({ inputs, outputs }: ModelDescription): {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
} {
  return { inputs: inputs.map(declared), outputs: outputs.map(declared) };
}

function declared({ name, datatype, shape }: TensorDescription): DeclaredTensor {
  return { name, type: datatype.replace(/^FP/, "float").toLowerCase(), shape: shape.map((size) => (size < 0 ? "any" : size)) };
}
