/** The configuration as programs use it: camelCase, typed, read from defaults < file < environment < flags. */
import { writeFile } from "node:fs/promises";
import { stringify } from "yaml";
import {
  type ExplainedSetting,
  environmentOverlays,
  explainSettings,
  flagOverlay,
  loadSettings,
  readDocument,
  type SettingsDocument,
} from "../config/index.js";
import { type FileSettings, type Settings, settingsSchema, toFileSettings, toSettings } from "./settings.js";

type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

export interface ConfigSources {
  /** A YAML file. Default: none. */
  readonly file?: string;
  /** Variables such as `HEADRACE_MILVUS__HOST`. Default: none. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Assignments such as `milvus.host=db`. Default: none. */
  readonly flags?: readonly string[];
}

/** All settings, changeable until a pipeline opens: it takes a copy. */
export class ServiceConfig {
  asyncPipeline: Settings["asyncPipeline"];
  preprocess: Settings["preprocess"];
  embedder: Settings["embedder"];
  /** Null: no Triton. */
  triton: Settings["triton"];
  /** Null: no Milvus. */
  milvus: Settings["milvus"];
  lancedb: Settings["lancedb"];
  insert: Settings["insert"];
  limits: Settings["limits"];
  collections: Settings["collections"];
  server: Settings["server"];
  logging: Settings["logging"];
  readonly #origins: ReadonlyMap<string, string>;

  /** Defaults, with `changes` over them. Throws `config_invalid`. */
  constructor(changes: DeepPartial<Settings> = {}, origins: ReadonlyMap<string, string> = new Map()) {
    const settings = checked(changes);
    this.asyncPipeline = settings.asyncPipeline;
    this.preprocess = settings.preprocess;
    this.embedder = settings.embedder;
    this.triton = settings.triton;
    this.milvus = settings.milvus;
    this.lancedb = settings.lancedb;
    this.insert = settings.insert;
    this.limits = settings.limits;
    this.collections = settings.collections;
    this.server = settings.server;
    this.logging = settings.logging;
    this.#origins = origins;
  }

  /** Reads a YAML file, and nothing else. Throws `config_not_found` or `config_invalid` with key and line. */
  static fromYaml(path: string): Promise<ServiceConfig> {
    return ServiceConfig.load({ file: path });
  }

  /** The defaults with the variables `HEADRACE_SECTION__KEY` over them. */
  static fromEnv(environment: ConfigSources["environment"] = process.env): ServiceConfig {
    return merged(null, { ...(environment === undefined ? {} : { environment }) });
  }

  /** Everything at once: defaults < file < environment < flags. */
  static async load(sources: ConfigSources): Promise<ServiceConfig> {
    return merged(sources.file === undefined ? null : await readDocument(sources.file), sources);
  }

  /** A checked copy. Throws `config_invalid`. */
  settings(): Settings {
    return checked({ ...this });
  }

  /** Every value with its origin; secrets are not shown. */
  explain(): readonly ExplainedSetting[] {
    return explainSettings(this.#asInFile(), this.#origins);
  }

  /** Writes the effective configuration as a YAML file. */
  async toYaml(path: string): Promise<void> {
    await writeFile(path, stringify(this.#asInFile()));
  }

  #asInFile(): FileSettings {
    return loadSettings(settingsSchema, inMemory({ ...this }), []).value;
  }
}

function merged(document: SettingsDocument | null, { environment = {}, flags = [] }: ConfigSources): ServiceConfig {
  const overlays = [...environmentOverlays(settingsSchema, environment), ...flags.map((flag) => flagOverlay(settingsSchema, flag))];
  const { value, origins } = loadSettings(settingsSchema, document, overlays);
  return new ServiceConfig(toSettings(value) as DeepPartial<Settings>, origins);
}

function checked(changes: object): Settings {
  return toSettings(loadSettings(settingsSchema, inMemory(changes), []).value);
}

/** Settings that a program gives, as if they stood in a file. */
function inMemory(settings: object): SettingsDocument {
  return { path: "configuration", values: toFileSettings(settings), lines: new Map(), empty: new Set() };
}
