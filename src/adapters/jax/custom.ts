/** Loads a user's preprocessor from its file. */
import type { Geometry, Preprocessing, TensorSpec } from "../../contracts/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { checkPreprocessor } from "./check.js";
import type { PreprocessorDefinition } from "./define.js";
import { preprocessorRefused } from "./errors.js";
import { importPreprocessor } from "./module.js";
import type { JaxSection } from "./options.js";
import { JaxPreprocessor } from "./preprocessor.js";
import { deviceOf, loadJax } from "./runtime.js";

export interface CustomPreprocessing {
  /** The geometry for the decoder, and a name for the passport. The name contains the module's name and version, and the file's hash. */
  readonly preprocessing: Preprocessing;
  /** The preprocessor. The caller must open it. */
  readonly preprocessor: JaxPreprocessor;
}

/**
 * Loads the preprocessor at `path`, and tests whether its results fit the model's input. Throws `config_invalid` with file and line if the
 * preprocessor does not work. Throws `model_mismatch` if the preprocessor and the model have different number types.
 */
export async function loadPreprocessor(
  path: string,
  embedderInput: TensorSpec,
  options: Partial<JaxSection> = {},
): Promise<CustomPreprocessing> {
  const module = await importPreprocessor(path);
  const { definition, hash } = module;
  if (definition.dtype !== embedderInput.dtype) {
    throw new HeadraceError(
      "model_mismatch",
      `preprocess.custom: ${module.path}: expected dtype ${embedderInput.dtype}, which the model takes, found ${definition.dtype}`,
    );
  }
  const geometry = geometryOf(module.path, definition);
  await checkPreprocessor(await loadJax(deviceOf(options)), module, embedderInput);
  const preprocessing: Preprocessing = {
    name: `${definition.name} ${definition.version} (${hash})`,
    geometry,
    normalization: null,
    output: embedderInput,
  };
  return { preprocessing, preprocessor: new JaxPreprocessor(preprocessing, options, { kind: "custom", path: module.path }) };
}

function geometryOf(path: string, { imageSize, geometry }: PreprocessorDefinition): Geometry {
  const [height, width] = imageSize;
  if (geometry === undefined) return { kind: "squash", width, height, filter: "bicubic" };
  if (geometry.width === width && geometry.height === height) return geometry;
  throw preprocessorRefused(path, `a geometry of imageSize ${width} x ${height}`, `${geometry.width} x ${geometry.height}`);
}
