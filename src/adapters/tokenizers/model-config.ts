/** Reads from the configuration of a model what the files of its tokenizer do not say. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The parts that Headrace uses, of transformers and of open_clip. */
export interface ModelConfig {
  readonly model_type?: unknown;
  readonly text_config?: { readonly max_position_embeddings?: unknown };
  readonly text_cfg?: {
    readonly context_length?: unknown;
    readonly hf_tokenizer_name?: string;
    readonly tokenizer_kwargs?: { readonly clean?: string };
  };
}

export interface ConfigFile {
  readonly file: string;
  readonly config: ModelConfig;
}

const configFiles = ["config.json", "open_clip_config.json"];

/**
 * Looks for the configuration of the model beside a tokenizer, and one folder above, where Immich has it. Where open_clip and transformers
 * have one each, open_clip's counts. Returns null if there is none.
 */
export async function modelConfigBeside(tokenizer: string): Promise<ConfigFile | null> {
  const folder = dirname(tokenizer);
  const found: ConfigFile[] = [];
  for (const file of [folder, dirname(folder)].flatMap((each) => configFiles.map((name) => join(each, name)))) {
    const whole = (await readJson(file)) as (ModelConfig & { readonly model_cfg?: ModelConfig }) | null;
    if (isObject(whole)) found.push({ file, config: whole?.model_cfg ?? whole ?? {} });
  }
  return found.find(({ config }) => isObject(config.text_cfg)) ?? found.find(({ config }) => typeof config.model_type === "string") ?? null;
}

/** What transformers and open_clip assume where a configuration does not name the length of texts. */
const usualLengths: Readonly<Record<string, number>> = { clip: 77, siglip: 64, siglip2: 64 };

/** The number of tokens that the model was trained with. Null: the configuration does not say it. */
export function textLength({ model_type, text_config, text_cfg }: ModelConfig): number | null {
  const given = text_cfg === undefined ? text_config?.max_position_embeddings : (text_cfg.context_length ?? 77);
  if (typeof given === "number" && Number.isInteger(given) && given > 0) return given;
  return usualLengths[String(model_type)] ?? null;
}

/** SigLIP 2 was trained with texts in lower case, but shares the files of Gemma's tokenizer, which keeps upper case. */
export function wasTrainedInLowerCase({ model_type }: ModelConfig, tokenizerClass: string | undefined): boolean {
  return /^siglip2?$/.test(String(model_type)) && /^(Gemma|Siglip2)Tokenizer(Fast)?$/.test(tokenizerClass ?? "");
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
