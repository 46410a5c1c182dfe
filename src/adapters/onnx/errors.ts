/** Says what ONNX Runtime's errors mean; the only place that knows its words. */
import { HeadraceError } from "../../contracts/index.js";

const installCommand = "npm i onnxruntime-node --ignore-scripts";

/** The package or its binary cannot be loaded. */
export function runtimeMissing(cause: unknown): HeadraceError {
  const message = `embedding with ONNX Runtime: expected the package onnxruntime-node, found none that can be loaded (${firstLine(cause)})`;
  return new HeadraceError("part_missing", message, { hint: `Run: ${installCommand}`, cause });
}

/** The runtime would end the process while it is loaded. */
export function commandLineTooLong(bytes: number, maxBytes: number): HeadraceError {
  const message = `embedding with ONNX Runtime: expected a command line of at most ${maxBytes} bytes, found ${bytes}: its telemetry would end the process`;
  const hint = "Start the program with ORT_DISABLE_TELEMETRY=1, or hand it file names by a file or a pipe instead of its arguments.";
  return new HeadraceError("usage_invalid", message, { hint });
}

/** The file is there, but is no model that the runtime can load. */
export function modelUnloadable(modelPath: string, cause: unknown): HeadraceError {
  return new HeadraceError("model_invalid", `model ${modelPath}: expected an ONNX model that loads, found: ${firstLine(cause)}`, { cause });
}

export function modelNotFound(modelPath: string, cause?: unknown): HeadraceError {
  const hint = "Give the path of an ONNX file as `embedder.model`, or `builtin`.";
  return new HeadraceError("model_invalid", `model ${modelPath}: expected an ONNX file, found none`, { hint, cause });
}

/** One batch failed; what is said of it is the runtime's own. */
export function fromRunError(modelPath: string, rows: number, cause: unknown): HeadraceError {
  return new HeadraceError("inference_failed", `model ${modelPath}: a batch of ${rows}: ${firstLine(cause)}`, { cause });
}

/** Longer messages repeat the graph; the first line names the node. */
function firstLine(cause: unknown): string {
  const words = cause instanceof Error ? cause.message : String(cause);
  return words.split("\n", 1)[0]!.slice(0, 300).trim();
}
