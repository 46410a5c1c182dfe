/** Chooses the files of a model that Headrace needs. A repository has the same weights in many precisions and formats. */
import { type ModelPrecision, modelPrecisions } from "../../contracts/index.js";
import { modelLayout } from "../../kit/index.js";
import type { HubAddress } from "./address.js";
import { unavailable } from "./errors.js";
import type { HubFile } from "./repository-files.js";

/** Files that are small, and that people look for beside the model. */
const described: ReadonlySet<string> = new Set(["config.json", "tokenizer_config.json", "special_tokens_map.json"]);

/** Throws `model_unavailable` if the repository has no ONNX model for images in this precision. */
export function wantedFiles(address: HubAddress, files: readonly HubFile[], precision: ModelPrecision): readonly HubFile[] {
  const layout = modelLayout(precision);
  const first = (paths: readonly string[]) =>
    paths.map((path) => files.find((file) => file.path === path)).find((file) => file !== undefined);
  const vision = first(layout.vision);
  if (vision === undefined) throw noVision(address, files, precision);
  const text = first(layout.text);
  const chosen = [vision, text, first(layout.tokenizer), first(layout.preprocessing)].filter((file) => file !== undefined);
  const weights = files.filter(({ path }) => [vision, text].some((model) => model !== undefined && isDataOf(model.path, path)));
  return [...new Set([...chosen, ...weights, ...files.filter(({ path }) => described.has(path))])];
}

/** Large models have their weights in files beside them, whose names go on with `_data`, `_data_1` or `.data`. */
function isDataOf(model: string, path: string): boolean {
  return path.startsWith(model) && /^[._]data(_\d+)?$/.test(path.slice(model.length));
}

function noVision(address: HubAddress, files: readonly HubFile[], wanted: ModelPrecision): Error {
  const paths = new Set(files.map(({ path }) => path));
  const others = modelPrecisions.filter((precision) => modelLayout(precision).vision.some((path) => paths.has(path)));
  const what = `expected a model for images in ${wanted}, such as ${modelLayout(wanted).vision[0]}, found none`;
  if (others.length > 0) return unavailable(address, what, { hint: `It has ${others.join(", ")}: set \`embedder.precision\`.` });
  const hint = "Choose an export to ONNX: the organisations onnx-community, Xenova and immich-app on the hub have many.";
  return unavailable(address, what, { hint });
}
