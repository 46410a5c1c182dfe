/** Reads from the declaration of a model for texts how it takes tokens, and which output is the vector. */
import { type DeclaredTensor, HeadraceError, type Tokenizer } from "../../contracts/index.js";
import { embeddingOutput, vectorLength } from "./embedding-output.js";

/** The tokens of one text, or what goes with them, as little-endian bytes. */
export interface TokenTensor {
  readonly name: string;
  readonly dtype: "int32" | "int64";
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

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

/** `where` names the model in messages. Throws `model_invalid` if the model does not make one vector per text. */
export function planTextModel(
  { inputs, outputs }: { readonly inputs: readonly DeclaredTensor[]; readonly outputs: readonly DeclaredTensor[] },
  where: string,
): TextPlan {
  const planned = inputs.map((input) => tokenInput(input, inputs.length === 1 ? "tokens" : null, where));
  const tokens = inputs.find((_, index) => planned[index]!.role === "tokens");
  if (tokens === undefined) throw invalid(where, "an input input_ids of whole numbers, [texts, tokens]", inputs);
  const [batch, length] = tokens.shape;
  if (typeof batch === "number" && batch !== 1) throw invalid(where, "a dynamic number of texts, or 1", inputs);
  return { inputs: planned, outputName: outputOf(outputs, where), length: typeof length === "number" ? length : null };
}

/** Returns the tensors of one text, in the order of the model's inputs. A text that is too long is cut. */
export function textTensors(plan: TextPlan, tokenizer: Tokenizer, text: string): readonly TokenTensor[] {
  const tokens = tokenizer.encode(text, plan.length ?? tokenizer.maxTokens);
  const length = lengthOf(plan, tokenizer) ?? tokens.length;
  return plan.inputs.map(({ name, dtype, role }) => {
    const numbers = Array.from({ length }, (_, at) => {
      if (role === "tokens") return tokens[at] ?? tokenizer.padToken;
      return role === "mask" && at < tokens.length ? 1 : 0;
    });
    const { buffer } = dtype === "int64" ? new BigInt64Array(numbers.map(BigInt)) : new Int32Array(numbers);
    return { name, dtype, shape: [1, length], bytes: new Uint8Array(buffer) };
  });
}

/** Models without a mask, such as SigLIP, were trained with texts that are filled up to the full length. */
function lengthOf({ inputs, length }: TextPlan, { maxTokens }: Tokenizer): number | null {
  return length ?? (inputs.some(({ role }) => role === "mask") ? null : maxTokens);
}

function tokenInput(input: DeclaredTensor, only: "tokens" | null, where: string): TokenInput {
  const { name, type, shape } = input;
  const role = only ?? roles[name] ?? (tokenNames.test(name) ? "tokens" : null);
  if ((type !== "int64" && type !== "int32") || shape.length !== 2 || role === null) {
    throw invalid(where, "inputs input_ids and perhaps attention_mask and token_type_ids, of whole numbers, [texts, tokens]", [input]);
  }
  return { name, dtype: type, role };
}

function outputOf(outputs: readonly DeclaredTensor[], where: string): string {
  const declared = outputs.map(({ name, type, shape }) => ({
    name,
    type: type?.startsWith("float") ? ("float" as const) : ("other" as const),
    row: shape.slice(1).map((size) => (typeof size === "number" ? size : null)),
  }));
  const named = declared.find(({ name, row }) => name === "text_embeds" && vectorLength(row) !== "none");
  const choice = embeddingOutput(declared, named?.name ?? null);
  if (choice.kind === "found") return choice.output.name;
  throw invalid(where, "one output with a vector of floats per text, such as text_embeds", outputs);
}

function invalid(where: string, expected: string, found: readonly DeclaredTensor[]): HeadraceError {
  const shown = found.map(({ name, type, shape }) => `${name} ${type ?? "(no tensor)"} [${shape.join(", ")}]`).join(", ");
  return new HeadraceError("model_invalid", `model for texts ${where}: expected ${expected}, found ${shown}`, {
    hint: "Set `embedder.text.model` to the text model of a CLIP or SigLIP export.",
  });
}
