/** Where the model's file is. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { PresetName } from "../../kit/index.js";
import { modelNotFound } from "./errors.js";

const builtinFile = "efficientnet-lite0-uint8.onnx";

export interface ModelFile {
  readonly path: string;
  /** The file's name, for people. */
  readonly name: string;
  /** The preprocessing that belongs to the model, where it is a shipped one; else null. */
  readonly preset: PresetName | null;
}

/** Finds `builtin`, or the file at a path. Throws `model_invalid` when there is none. */
export function findModel(model: string): ModelFile {
  const shipped = join(packageRoot(), "models");
  const path = model === "builtin" ? join(shipped, builtinFile) : resolve(model);
  if (!existsSync(path) || !statSync(path).isFile()) throw modelNotFound(path);
  return { path, name: basename(path), preset: dirname(path) === shipped ? "efficientnet-lite" : null };
}

/** The folder of this package, from wherever this module was built to. */
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
