/** Finds the files of a CLIP or SigLIP model in a folder, in the layouts of exports for transformers.js and of Immich. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ModelPrecision } from "../../contracts/index.js";
import { modelLayout } from "../../kit/index.js";
import { modelNotFound } from "./errors.js";

/** Paths of a model for texts and of its tokenizer. */
export interface TextFiles {
  readonly model: string;
  readonly tokenizer: string;
}

export interface ModelFolder {
  readonly vision: string;
  /** Null if the folder has no model for texts. */
  readonly text: TextFiles | null;
  /** The description of the preprocessing. Null if there is none. */
  readonly preprocessing: string | null;
}

export function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** Throws `model_invalid` if the folder has no model for images in this precision, or a model for texts without its tokenizer. */
export function readModelFolder(folder: string, precision: ModelPrecision): ModelFolder {
  const layout = modelLayout(precision);
  const first = (names: readonly string[]): string | null =>
    names.map((name) => join(folder, name)).find((path) => existsSync(path)) ?? null;
  const [vision, model, tokenizer] = [first(layout.vision), first(layout.text), first(layout.tokenizer)];
  if (vision === null) throw modelNotFound(`${folder}: one of ${layout.vision.join(", ")}`);
  if (model !== null && tokenizer === null) throw modelNotFound(`${folder}: ${layout.tokenizer.join(" or ")} beside ${model}`);
  return { vision, text: model === null ? null : { model, tokenizer: tokenizer! }, preprocessing: first(layout.preprocessing) };
}
