/** Chooses how texts are embedded: as labels of the shipped classifier. */
import type { TextEmbedder } from "../../contracts/index.js";
import { LabelEmbedder } from "./label-embedder.js";
import { findModel } from "./model-file.js";
import { type OnnxSection, onnxSection } from "./options.js";

/** Returns null if there is no model for texts, because only the labels of shipped models are known. */
export function onnxTextEmbedder({ model = onnxSection.parse({}).model }: Partial<Pick<OnnxSection, "model">> = {}): TextEmbedder | null {
  const { path, name, wordsPath } = findModel(model);
  return wordsPath === null ? null : new LabelEmbedder(name, path, wordsPath);
}
