/** Finds the file of the model. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { PresetName } from "../../kit/index.js";
import { modelNotFound } from "./errors.js";

const builtinFile = "efficientnet-lite0-uint8.onnx";

export interface ModelFile {
  readonly path: string;
  /** The file's name. */
  readonly name: string;
  /** The model's preprocessing if the model ships with Headrace, else null. */
  readonly preset: PresetName | null;
}

/** `model` is `builtin` or a path. Throws `model_invalid` if there is no such file. */
export function findModel(model: string): ModelFile {
  const shipped = join(packageRoot(), "models");
  const path = model === "builtin" ? join(shipped, builtinFile) : resolve(model);
  if (!existsSync(path) || !statSync(path).isFile()) throw modelNotFound(path);
  return { path, name: basename(path), preset: dirname(path) === shipped ? "efficientnet-lite" : null };
}

/** The folder of this package. Searches upwards, because builds put this module at different depths. */
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
