/**
 * The configuration for programs: typed, with camelCase names. Later sources override earlier ones: defaults < file < environment < flags.
 */
import { writeFile } from "node:fs/promises";
import {
  checkSettings,
  type ExplainedSetting,
  environmentOverlays,
  explainSettings,
  flagOverlay,
  type LoadedSettings,
  loadSettings,
  namedForFiles,
  readDocument,
  type SettingsDocument,
  toYamlText,
  unknownVariables,
} from "../../config/index.js";
import { ignoredSettings } from "./ignored-settings.js";
import { type Settings, settingsSchema, toSettings } from "./settings.js";

type DeepPartial<T> = T extends (infer Section extends object)[]
  ? DeepPartial<Section>[]
  : T extends readonly unknown[]
    ? T
    : T extends object
      ? { [K in keyof T]?: DeepPartial<T[K]> }
      : T;

type Loaded = LoadedSettings<Settings>;

export interface ConfigSources {
  /** Path of a YAML file. Default: none. */
  readonly file?: string;
  /** Environment variables such as `HEADRACE_MILVUS__HOST`. Default: none. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Assignments as in `--set`, such as `milvus.host=db`. Default: none. */
  readonly flags?: readonly string[];
}

/** All settings. A pipeline copies the settings when it opens, so later changes have no effect on that pipeline. */
export class ServiceConfig implements Settings {
  asyncPipeline!: Settings["asyncPipeline"];
  preprocess!: Settings["preprocess"];
  embedder!: Settings["embedder"];
  /** Null if Triton is not used. */
  triton!: Settings["triton"];
  /** Null if Milvus is not used. */
  milvus!: Settings["milvus"];
  postgres!: Settings["postgres"];
  http!: Settings["http"];
  s3!: Settings["s3"];
  downloads!: Settings["downloads"];
  lancedb!: Settings["lancedb"];
  insert!: Settings["insert"];
  metadata!: Settings["metadata"];
  deleted!: Settings["deleted"];
  limits!: Settings["limits"];
  collections!: Settings["collections"];
  server!: Settings["server"];
  logging!: Settings["logging"];
  readonly #loaded: Loaded;

  /**
   * Creates the default configuration, overridden by `changes`. Throws `config_invalid`. If `loaded` is given, its checked settings are
   * used instead.
   */
  constructor(changes: DeepPartial<Settings> = {}, loaded: Loaded = { value: checked(changes), origins: new Map(), notices: [] }) {
    Object.assign(this, loaded.value);
    this.#loaded = loaded;
  }

  /** Reads only a YAML file. Throws `config_not_found`, or `config_invalid` with the key and the line of the invalid setting. */
  static fromYaml(path: string): Promise<ServiceConfig> {
    return ServiceConfig.load({ file: path });
  }

  /** Returns the defaults, overridden by environment variables of the form `HEADRACE_SECTION__KEY`. */
  static fromEnv(environment: NonNullable<ConfigSources["environment"]> = process.env): ServiceConfig {
    return merged(null, { environment });
  }

  /** Reads all sources. Later sources override earlier ones: defaults < file < environment < flags. */
  static async load(sources: ConfigSources): Promise<ServiceConfig> {
    return merged(sources.file === undefined ? null : await readDocument(sources.file), sources);
  }

  /** Checks the settings and returns a copy of them. Throws `config_invalid`. */
  settings(): Settings {
    return checked({ ...this });
  }

  /** One sentence that names the given settings without effect, such as the Python service's `auto_id`, and one for each unknown variable. */
  get notices(): readonly string[] {
    return this.#loaded.notices;
  }

  /** Returns every setting with its value and the origin of the value. Secrets are hidden. */
  explain(): readonly ExplainedSetting[] {
    return explainSettings(this.#asInFile(), this.#loaded.origins);
  }

  /** Writes the effective configuration as a YAML file, secrets included. */
  async toYaml(path: string): Promise<void> {
    await writeFile(path, toYamlText(this.#asInFile()), { mode: 0o600 });
  }

  #asInFile(): object {
    return namedForFiles(settingsSchema, this.settings()) as object;
  }
}

/**
 * Aliases in configuration files of the Python service: each left name is an alias of the right name. `explain` shows the origin of an
 * alias under the right name.
 */
const otherNames = [
  ["log_level", "logging.level"],
  ["triton.protocol", "triton.transport"],
] as const;

function merged(document: SettingsDocument | null, { environment = {}, flags = [] }: ConfigSources): ServiceConfig {
  const overlays = [
    ...environmentOverlays(settingsSchema, environment),
    ...flags.map((assignment) => flagOverlay(settingsSchema, assignment)),
  ];
  const { value, origins, notices } = loadSettings(settingsSchema, document, overlays, ignoredSettings);
  return new ServiceConfig(undefined, {
    value: toSettings(value),
    origins: withOtherNames(origins),
    notices: [...notices, ...unknownVariables(settingsSchema, environment)],
  });
}

function withOtherNames(origins: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const all = new Map(origins);
  for (const [other, name] of otherNames) {
    const origin = origins.get(other);
    if (origin !== undefined) all.set(name, `${origin}, as ${other}`);
  }
  return all;
}

function checked(changes: object): Settings {
  return toSettings(checkSettings(settingsSchema, changes));
}
