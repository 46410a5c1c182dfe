/** The files of a model's folder, in the layouts of exports for transformers.js and of Immich. */

import type { ModelPrecision } from "../../contracts/index.js";

/** The paths in a model's folder where each of its files can be. The first that exists is the file. */
export interface ModelLayout {
  /** The model for images. */
  readonly vision: readonly string[];
  /** The model for texts. */
  readonly text: readonly string[];
  readonly tokenizer: readonly string[];
  /** The description of the preprocessing. */
  readonly preprocessing: readonly string[];
}

export function modelLayout(precision: ModelPrecision): ModelLayout {
  const suffix = precision === "fp32" ? "" : `_${precision}`;
  const inFolders = (name: string): readonly string[] => [`onnx/${name}${suffix}.onnx`, `${name}${suffix}.onnx`];
  const ofImmich = (part: string): readonly string[] => (precision === "fp32" ? [`${part}/model.onnx`, `${part}.onnx`] : []);
  return {
    vision: [...inFolders("vision_model"), ...ofImmich("visual"), ...inFolders("model")],
    text: [...inFolders("text_model"), ...ofImmich("textual")],
    tokenizer: ["tokenizer.json", "textual/tokenizer.json"],
    preprocessing: ["preprocessor_config.json", "visual/preprocess_cfg.json"],
  };
}
