/** Translates the errors of the package @huggingface/tokenizers. */
import { HeadraceError } from "../../contracts/index.js";

export function packageMissing(name: string, cause: unknown): HeadraceError {
  const message = `reading a tokenizer: expected the package ${name}, found none that can be loaded: ${reasonOf(cause)}`;
  return new HeadraceError("part_missing", message, { hint: `Run: npm i ${name}`, cause });
}

export function tokenizerInvalid(path: string, cause: unknown): HeadraceError {
  return new HeadraceError("model_invalid", `tokenizer ${path}: expected a tokenizer.json that can be used, found: ${reasonOf(cause)}`, {
    hint: "Set `embedder.text.tokenizer` to the tokenizer.json that belongs to the model for texts.",
    item: path,
    cause,
  });
}

export function cleaningUnknown(file: string, found: string, known: readonly string[]): HeadraceError {
  return new HeadraceError("model_invalid", `configuration ${file}: expected clean to be one of ${known.join(", ")}, found "${found}"`, {
    item: file,
  });
}

function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split("\n", 1)[0]!.slice(0, 200);
}
