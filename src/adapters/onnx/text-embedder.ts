/** Chooses how texts are embedded: with a model for texts, or as labels of the shipped classifier. */
import type { TextEmbedder, Tokenizer } from "../../contracts/index.js";
import { noTextModel } from "./errors.js";
import { LabelEmbedder } from "./label-embedder.js";
import { findModel, type ModelChoice } from "./model-file.js";
import type { TextFiles } from "./model-folder.js";
import { type OnnxSection, onnxSection } from "./options.js";
import { TextTower } from "./text-tower.js";

export interface TextEmbedderOptions extends Partial<Pick<OnnxSection, "model" | "precision" | "threads">> {
  /** A model for texts, instead of the one in the folder `model`. */
  readonly text?: TextFiles | null;
  readonly openTokenizer: (path: string) => Promise<Tokenizer>;
}

type Sources = Pick<TextEmbedderOptions, "model" | "precision" | "text">;

/** What embeds texts: a model for texts, the labels of a shipped classifier, or nothing. Throws `model_invalid` if there is no such model. */
export function textSourceOf(options: Sources): "tower" | "labels" | "none" {
  if (textFilesOf(options) !== null) return "tower";
  return findModel(choiceOf(options)).wordsPath === null ? "none" : "labels";
}

/** Throws `text_unavailable` if nothing embeds texts. */
export function onnxTextEmbedder(options: TextEmbedderOptions): TextEmbedder {
  const text = textFilesOf(options);
  if (text !== null) {
    const threads = options.threads ?? onnxSection.parse({}).threads;
    return new TextTower({ model: text.model, openTokenizer: () => options.openTokenizer(text.tokenizer), threads });
  }
  const { name, path, wordsPath } = findModel(choiceOf(options));
  if (wordsPath === null) throw noTextModel(path);
  return new LabelEmbedder(name, path, wordsPath);
}

function textFilesOf(options: Sources): TextFiles | null {
  return options.text ?? findModel(choiceOf(options)).text;
}

function choiceOf({ model, precision }: Sources): ModelChoice {
  const defaults = onnxSection.parse({});
  return { model: model ?? defaults.model, precision: precision ?? defaults.precision };
}
