/** Translates the errors of ONNX Runtime. No other file reads its messages. */
import { HeadraceError } from "../../contracts/index.js";

const installCommand = "npm i onnxruntime-node --ignore-scripts";

export function runtimeMissing(cause: unknown): HeadraceError {
  const message = `embedding with ONNX Runtime: expected the package onnxruntime-node, found none that can be loaded (${firstLine(cause)})`;
  return new HeadraceError("part_missing", message, { hint: `Run: ${installCommand}`, cause });
}

/** The error for a command line that would make ONNX Runtime crash the process, see `refuseTelemetry`. */
export function commandLineTooLong(bytes: number, maxBytes: number): HeadraceError {
  const message = `embedding with ONNX Runtime: expected a command line of at most ${maxBytes} bytes, found ${bytes}: its telemetry would crash the process`;
  const hint = "Start the program with ORT_DISABLE_TELEMETRY=1, or pass file names in a file or a pipe instead of as arguments.";
  return new HeadraceError("usage_invalid", message, { hint });
}

export function modelUnloadable(modelPath: string, cause: unknown): HeadraceError {
  return new HeadraceError("model_invalid", `model ${modelPath}: expected an ONNX model that loads, found: ${firstLine(cause)}`, { cause });
}

export function modelNotFound(modelPath: string, cause?: unknown): HeadraceError {
  const hint = "Set `embedder.model` to the path of an ONNX file, to `builtin`, or to `builtin-int8`.";
  return new HeadraceError("model_invalid", `model ${modelPath}: expected an ONNX file, found none`, { hint, cause });
}

export function headNotFound(path: string): HeadraceError {
  return new HeadraceError("model_invalid", `head ${path}: expected an ONNX file or an .npz file, found none`);
}

export function graphReaderMissing(cause: unknown): HeadraceError {
  const message = `reading the weights of an ONNX file: expected the package protobufjs, found none that can be loaded (${firstLine(cause)})`;
  return new HeadraceError("part_missing", message, { hint: "Run: npm i protobufjs", cause });
}

export function graphUnreadable(modelPath: string, expected: string, cause?: unknown): HeadraceError {
  return new HeadraceError("model_invalid", `model ${modelPath}: expected ${expected}, found none`, { cause });
}

export function noTextModel(modelPath: string): HeadraceError {
  return new HeadraceError("text_unavailable", `model ${modelPath}: expected a model for texts beside it, found none`);
}

export function wordUnknown(word: string, nearest: readonly string[]): HeadraceError {
  return new HeadraceError(
    "word_unknown",
    `text "${word.slice(0, 80)}": expected a label of the shipped model, found none with this word`,
    {
      item: word.slice(0, 80),
      suggestions: nearest,
      hint: `Similar labels: ${nearest.join(", ")}. \`npx headrace labels\` lists all. See docs/guides/text.md in the package headrace.`,
    },
  );
}

export function fromRunError(modelPath: string, rows: number, cause: unknown): HeadraceError {
  return new HeadraceError("inference_failed", `model ${modelPath}: batch of ${rows} failed: ${firstLine(cause)}`, { cause });
}

/** Returns only the first line of ONNX Runtime's message, which names the node. The other lines repeat the graph of the model. */
function firstLine(cause: unknown): string {
  const words = cause instanceof Error ? cause.message : String(cause);
  return words.split("\n", 1)[0]!.slice(0, 300).trim();
}
