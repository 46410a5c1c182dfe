/** The whole configuration as one schema: every section, with its defaults. */
import { z } from "zod";
import { lancedbSection } from "../adapters/lancedb/options.js";
import { declaredCollection, milvusOptions } from "../adapters/milvus/options.js";
import { tritonOptions } from "../adapters/triton/options.js";
import { type Camelized, camelize, snakeize } from "../config/index.js";
import {
  asyncPipelineSection,
  embedderSection,
  insertSection,
  limitsSection,
  loggingSection,
  preprocessSection,
  serverSection,
} from "./sections.js";

const levels = { debug: "debug", info: "info", warning: "warn", warn: "warn", error: "error", critical: "error" } as const;
type LevelName = keyof typeof levels;

export const settingsSchema = z.strictObject({
  async_pipeline: asyncPipelineSection.prefault({}),
  preprocess: preprocessSection.prefault({}),
  embedder: embedderSection.prefault({}),
  triton: tritonOptions.nullable().default(null),
  milvus: milvusOptions.nullable().default(null),
  lancedb: lancedbSection.prefault({}),
  insert: insertSection.prefault({}),
  limits: limitsSection.prefault({}),
  collections: z.array(declaredCollection).default([]),
  server: serverSection.prefault({}),
  logging: loggingSection.prefault({}),
  log_level: z
    .string()
    .transform((level) => level.toLowerCase())
    .pipe(z.enum(Object.keys(levels) as [LevelName, ...LevelName[]]))
    .nullable()
    .default(null)
    .describe("The Python service's name for `logging.level`."),
  cache_compiled_functions: z
    .boolean()
    .default(true)
    .describe("Accepted for files of the Python service: compiled functions are always kept."),
});

/** The configuration in a file: snake_case. */
export type FileSettings = z.output<typeof settingsSchema>;

/** The configuration in code: camelCase. */
export type Settings = Camelized<FileSettings>;

export function toSettings(file: FileSettings): Settings {
  const { log_level: level, ...rest } = file;
  const logging = level === null ? file.logging : { ...file.logging, level: levels[level] };
  return camelize({ ...rest, log_level: level, logging });
}

/** The inverse of `toSettings`, not yet checked. */
export function toFileSettings(settings: object): Record<string, unknown> {
  return snakeize(settings, serverSpellings);
}

/** Keys that the servers spell in camelCase, in files too. */
const serverSpellings: ReadonlySet<string> = new Set(["M", "efConstruction"]);
