/** Converts a server's answer to vectors. Checks the type, shape and length of the answer. */
import { HeadraceError } from "../../contracts/index.js";
import { float16ToFloat32 } from "../../kit/index.js";
import type { ModelPlan } from "./model.js";
import type { InferAnswer } from "./transport/transport.js";

/**
 * Throws `model_mismatch` when the answer's type or shape differs from `plan`. Throws `inference_failed` when the number of bytes does not
 * fit the shape.
 */
export function readVectors(
  answer: InferAnswer,
  plan: Pick<ModelPlan, "outputType" | "dimension">,
  rows: number,
  where: string,
): { readonly vectors: Float32Array; readonly dimension: number } {
  const { datatype, shape, bytes } = answer;
  const count = shape.reduce((product, size) => product * size, 1);
  const dimension = plan.dimension ?? count / rows;
  const expected = `${plan.outputType} [${rows}, ${dimension}]`;
  const found = `${datatype} [${shape.join(", ")}]`;
  if (datatype !== plan.outputType || count !== rows * dimension || !Number.isInteger(dimension) || dimension < 1) {
    throw new HeadraceError("model_mismatch", `${where}: expected ${expected}, found ${found}`, {
      hint: "Compare config.pbtxt with the model's real output: they differ.",
    });
  }
  const width = datatype === "FP16" ? 2 : 4;
  if (bytes.byteLength !== count * width) {
    throw new HeadraceError("inference_failed", `${where}: expected ${count * width} bytes for ${found}, found ${bytes.byteLength}`);
  }
  // The bytes of the answer may be unaligned. Typed arrays need aligned bytes, so the bytes are copied.
  const copy = new Uint8Array(bytes).buffer;
  return { vectors: datatype === "FP16" ? float16ToFloat32(new Uint16Array(copy)) : new Float32Array(copy), dimension };
}
