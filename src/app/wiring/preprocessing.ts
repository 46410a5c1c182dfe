/** Chooses the preprocessing of a chain and the backend that computes it: the user's module, JAX, typed arrays, or the model itself. */
import { needsPreprocessor, resolvePreprocessing } from "../../chain/index.js";
import { type Embedder, HeadraceError, type Preprocessing, type Preprocessor } from "../../contracts/index.js";
import { type Preset, type PresetName, presetNames } from "../../kit/index.js";
import type { Settings } from "../configuration/settings.js";
import { openFastest } from "./fastest-preprocessor.js";
import { describedPreset } from "./model-files/preprocessing-file.js";
import { makeCustomPreprocessor, makePreprocessor } from "./registry.js";

export interface ChainPreprocessing {
  readonly preprocessing: Preprocessing;
  /** The preprocessor, already open. Null if the model takes the decoder's pixels directly. */
  readonly preprocessor: Preprocessor | null;
}

/**
 * Chooses and opens the preprocessing for an open embedder. Throws `config_conflict` if settings contradict each other or the model. Throws
 * `config_invalid` if the user's module is broken.
 */
export async function openPreprocessing(settings: Settings, embedder: Embedder, signal: AbortSignal): Promise<ChainPreprocessing> {
  const { preprocess } = settings;
  if (preprocess.custom !== null) return openCustom(settings, preprocess.custom, embedder, signal);
  const preprocessing = resolvePreprocessing({
    preset: await presetChosen(preprocess.preset),
    imageSize: preprocess.imageSize,
    mean: preprocess.mean,
    std: preprocess.std,
    dataFormat: preprocess.dataFormat,
    embedderInput: embedder.input,
    embedderDefault: await presetChosen(embedder.presetFile ?? knownPreset(embedder.preset ?? null)),
  });
  return { preprocessing, preprocessor: await openBackend(settings, preprocessing, signal) };
}

async function openBackend(settings: Settings, preprocessing: Preprocessing, signal: AbortSignal): Promise<Preprocessor | null> {
  const { backend } = settings.preprocess;
  const { dtype } = preprocessing.output;
  const native = () => makePreprocessor("native", preprocessing, settings);
  const jax = () => makePreprocessor("jax", preprocessing, settings);
  switch (backend) {
    case "server":
      if (dtype !== "uint8") {
        throw new HeadraceError(
          "config_conflict",
          `preprocess.backend: server: expected a model that takes uint8 and normalises by itself, found one that takes ${dtype}`,
          { hint: "Set `preprocess.backend` to auto, or use a model that normalises by itself." },
        );
      }
      return needsPreprocessor(preprocessing) ? opened(await native(), signal) : null;
    case "native":
      return needsPreprocessor(preprocessing) ? opened(await native(), signal) : null;
    case "jax":
      return opened(await jax(), signal);
    case "auto":
      if (!needsPreprocessor(preprocessing)) return null;
      return dtype === "uint8" ? opened(await native(), signal) : openFastest({ fallback: native, candidate: jax }, signal);
    default:
      return backend satisfies never;
  }
}

async function openCustom(settings: Settings, path: string, embedder: Embedder, signal: AbortSignal): Promise<ChainPreprocessing> {
  const { backend, preset, imageSize, mean, std } = settings.preprocess;
  if (backend === "native" || backend === "server") {
    throw new HeadraceError("config_conflict", `preprocess.backend: expected jax or auto for preprocess.custom ${path}, found ${backend}`);
  }
  const conflict = Object.entries({ preset, image_size: imageSize, mean, std }).find(([, value]) => value !== null);
  if (conflict !== undefined) {
    throw new HeadraceError(
      "config_conflict",
      `preprocess.${conflict[0]}: expected none together with preprocess.custom ${path}, found ${JSON.stringify(conflict[1])}`,
    );
  }
  const { preprocessing, preprocessor } = await makeCustomPreprocessor(path, embedder.input, settings);
  return { preprocessing, preprocessor: await opened(preprocessor, signal) };
}

async function opened(preprocessor: Preprocessor, signal: AbortSignal): Promise<Preprocessor> {
  await preprocessor.open?.(signal);
  return preprocessor;
}

/** Returns the chosen preset. `setting` is the name of a preset, or the path of a preprocessor_config.json. */
async function presetChosen(setting: string | null): Promise<PresetName | Preset | null> {
  const known = knownPreset(setting);
  if (known !== null || setting === null) return known;
  return describedPreset(setting);
}

function knownPreset(name: string | null): PresetName | null {
  return presetNames.find((known) => known === name) ?? null;
}
