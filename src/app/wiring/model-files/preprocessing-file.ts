/** Reads the description of the preprocessing that lies beside a model. */
import { readFile } from "node:fs/promises";
import { presetFromConfig } from "../../../chain/index.js";
import { HeadraceError } from "../../../contracts/index.js";
import type { Preset } from "../../../kit/index.js";

/** `file`: a `preprocessor_config.json` or a `preprocess_cfg.json`. Throws `config_invalid`. */
export async function describedPreset(file: string): Promise<Preset> {
  return presetFromConfig(await readJson(file), file);
}

/** The height and width that it names, for models that take any size. Null: there is no description. Throws `config_invalid`. */
export async function describedSize(file: string | null): Promise<[number, number] | null> {
  if (file === null) return null;
  const { height, width } = (await describedPreset(file)).geometry({ width: 0, height: 0 });
  return [height, width];
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HeadraceError("config_invalid", `preprocess.preset: ${file}: expected a preprocessor_config.json, found none: ${reason}`, {
      cause: error,
    });
  }
}
