/** Finds the file of the configured model. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ModelPrecision } from "../../contracts/index.js";
import type { PresetName } from "../../kit/index.js";
import { modelNotFound } from "./errors.js";
import { isFolder, readModelFolder, type TextFiles } from "./model-folder.js";
import { shippedModels } from "./options.js";

const shippedFiles: Readonly<Record<(typeof shippedModels)[number], string>> = {
  builtin: "efficientnet-lite0-uint8.onnx",
  "builtin-int8": "efficientnet-lite0-int8.onnx",
};

export interface ModelFile {
  readonly path: string;
  /** The name of the model file, without its folder. */
  readonly name: string;
  /** The preset of a model that is part of the Headrace package. Null for any other model. */
  readonly preset: PresetName | null;
  /** The description of the preprocessing in the folder of the model. Null if there is none. */
  readonly presetFile: string | null;
  /** The model for texts in the folder of the model. Null if there is none. */
  readonly text: TextFiles | null;
  /** The file with the words for the classes of a shipped classifier. Null for any other model. */
  readonly wordsPath: string | null;
}

/** Which model is meant. */
export interface ModelChoice {
  /** The path of an ONNX file or of a model's folder, or `builtin` or `builtin-int8` for a shipped model. */
  readonly model: string;
  /** Which of the models in a folder. */
  readonly precision: ModelPrecision;
}

/** Throws `model_invalid` if the file does not exist. */
export function findModel({ model, precision }: ModelChoice): ModelFile {
  const shipped = join(packageRoot(), "models");
  const name = shippedModels.find((each) => each === model);
  const path = name === undefined ? resolve(model) : join(shipped, shippedFiles[name]);
  if (isFolder(path)) {
    const { vision, text, preprocessing } = readModelFolder(path, precision);
    return {
      path: vision,
      name: join(folderName(path), relative(path, vision)),
      preset: null,
      presetFile: preprocessing,
      text,
      wordsPath: null,
    };
  }
  if (!existsSync(path) || !statSync(path).isFile()) throw modelNotFound(path);
  const isShipped = dirname(path) === shipped;
  return {
    path,
    name: basename(path),
    preset: isShipped ? "efficientnet-lite" : null,
    presetFile: null,
    text: null,
    wordsPath: isShipped ? join(shipped, "imagenet-words.json") : null,
  };
}

/** Returns the description of the preprocessing in the folder of a model. Null if there is none. Throws `model_invalid`. */
export function preprocessingFileOf(choice: ModelChoice): string | null {
  return findModel(choice).presetFile;
}

/** A folder in the cache of a hub has the name of a commit. People know the model by its own name. */
function folderName(path: string): string {
  const [, model, commit] = /models--([^/\\]+)[/\\]snapshots[/\\]([0-9a-f]{40})$/.exec(path) ?? [];
  return model === undefined || commit === undefined ? basename(path) : `${model.replaceAll("--", "/")}@${commit.slice(0, 7)}`;
}

/** Returns the folder of the Headrace package. Searches parent folders, because this module is at different depths in different builds. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isPackageRoot(folder)) {
    const parent = dirname(folder);
    if (parent === folder) throw modelNotFound("builtin", "no package.json of headrace above the program");
    folder = parent;
  }
  return folder;
}

function isPackageRoot(folder: string): boolean {
  const file = join(folder, "package.json");
  if (!existsSync(file)) return false;
  return (JSON.parse(readFileSync(file, "utf8")) as { name?: string }).name === "headrace";
}
