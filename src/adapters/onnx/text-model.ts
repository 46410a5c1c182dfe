/** Reads from the declaration of a model for texts how it takes tokens, and which output is the vector. */
import { HeadraceError } from "../../contracts/index.js";
import { embeddingOutput, vectorLength } from "../../kit/index.js";
import type { InputTensor, ModelDeclaration, TensorDeclaration } from "./protocol.js";

export interface TextPlan {
  readonly inputs: readonly TokenInput[];
  readonly outputName: string;
  /** The model takes exactly this many tokens. Null: any number. */
  readonly length: number | null;
}

interface TokenInput {
  readonly name: string;
  readonly dtype: "int32" | "int64";
  readonly role: "tokens" | "mask" | "types";
}

const roles: Readonly<Record<string, TokenInput["role"]>> = { attention_mask: "mask", token_type_ids: "types" };
const tokenNames = /^(input_ids|tokens?|text|input)$/i;

/** `outputName` null: the vector is chosen by name and shape. Throws `model_invalid` if the model does not make one vector per text. */
export function planTextModel({ inputs, outputs }: ModelDeclaration, model: string): TextPlan {
  const planned = inputs.map((input) => tokenInput(input, inputs.length === 1 ? "tokens" : null, model));
  const tokens = inputs.find((_, index) => planned[index]!.role === "tokens");
  if (tokens === undefined) throw invalid(model, "an input input_ids of whole numbers, [texts, tokens]", inputs);
  const [batch, length] = tokens.shape;
  if (typeof batch === "number" && batch !== 1) throw invalid(model, "a dynamic number of texts, or 1", inputs);
  return { inputs: planned, outputName: outputOf(outputs, model), length: typeof length === "number" ? length : null };
}

/** Returns the tensors of one text, and their numbers. */
export function textTensors(
  { inputs, length }: TextPlan,
  tokens: readonly number[],
  pad: number,
): { tensors: InputTensor[]; buffer: ArrayBuffer } {
  const shape = [1, length ?? tokens.length];
  const size = shape[1]!;
  const columns = inputs.map(({ role }) =>
    Array.from({ length: size }, (_, at) => {
      if (role === "tokens") return tokens[at] ?? pad;
      return role === "mask" && at < tokens.length ? 1 : 0;
    }),
  );
  const parts = inputs.map(({ dtype }, index) =>
    dtype === "int64" ? new BigInt64Array(columns[index]!.map(BigInt)) : new Int32Array(columns[index]!),
  );
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer), offset);
    offset += part.byteLength;
  }
  return { tensors: inputs.map(({ name, dtype }) => ({ name, dtype, shape })), buffer: bytes.buffer };
}

function tokenInput(input: TensorDeclaration, only: "tokens" | null, model: string): TokenInput {
  const { name, type, shape } = input;
  const role = only ?? roles[name] ?? (tokenNames.test(name) ? "tokens" : null);
  if ((type !== "int64" && type !== "int32") || shape.length !== 2 || role === null) {
    throw invalid(model, "inputs input_ids and perhaps attention_mask and token_type_ids, of whole numbers, [texts, tokens]", [input]);
  }
  return { name, dtype: type, role };
}

function outputOf(outputs: readonly TensorDeclaration[], model: string): string {
  const declared = outputs.map(({ name, type, shape }) => ({
    name,
    type: type?.startsWith("float") ? ("float" as const) : ("other" as const),
    row: shape.slice(1).map((size) => (typeof size === "number" ? size : null)),
  }));
  const named = declared.find(({ name, row }) => name === "text_embeds" && vectorLength(row) !== "none");
  const choice = embeddingOutput(declared, named?.name ?? null);
  if (choice.kind === "found") return choice.output.name;
  throw invalid(model, "one output with a vector of floats per text, such as text_embeds", outputs);
}

function invalid(model: string, expected: string, found: readonly TensorDeclaration[]): HeadraceError {
  const shown = found.map(({ name, type, shape }) => `${name} ${type ?? "(no tensor)"} [${shape.join(", ")}]`).join(", ");
  return new HeadraceError("model_invalid", `model for texts ${model}: expected ${expected}, found ${shown}`, {
    hint: "Set `embedder.text.model` to the text model of a CLIP or SigLIP export.",
  });
}
