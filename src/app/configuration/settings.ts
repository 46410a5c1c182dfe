/** The whole configuration as one schema: every section, with its defaults. */
import * as z from "zod";
import { lancedbSection } from "../../adapters/lancedb/options.js";
import { declaredCollection, milvusOptions } from "../../adapters/milvus/options.js";
import { tritonOptions } from "../../adapters/triton/options.js";
import { type Camelized, camelize, snakeize } from "../../config/index.js";
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
  async_pipeline: asyncPipelineSection.prefault({}).describe("How many workers, how large the writes and queues, how much memory."),
  preprocess: preprocessSection.prefault({}).describe("From an image of any size to the tensor that the model takes."),
  embedder: embedderSection.prefault({}).describe("What turns tensors into vectors."),
  triton: tritonOptions
    .nullable()
    .default(null)
    .describe("Triton Inference Server. Without this section the model runs in this process, with ONNX Runtime."),
  milvus: milvusOptions.nullable().default(null).describe("Milvus. Without this section collections are kept in LanceDB."),
  lancedb: lancedbSection.prefault({}).describe("Collections in a folder; used when there is no `milvus` section."),
  insert: insertSection.prefault({}).describe("How rows are written."),
  limits: limitsSection.prefault({}).describe("When a run gives up."),
  collections: z
    .array(declaredCollection)
    .default([])
    .describe("What new collections are like, by name, where it is not as `milvus` says."),
  server: serverSection.prefault({}).describe("Where the HTTP server listens."),
  logging: loggingSection.prefault({}).describe("What is logged."),
  log_level: z
    .preprocess(
      (level) => (typeof level === "string" ? level.toLowerCase() : level),
      z.enum(Object.keys(levels) as [LevelName, ...LevelName[]]),
    )
    .nullable()
    .default(null)
    .describe("The Python service's name for `logging.level`; goes before it."),
  cache_compiled_functions: z
    .boolean()
    .default(true)
    .describe("Accepted for files of the Python service.")
    .meta({ ignored: "compiled functions are always kept" }),
});

/** The configuration in a file: snake_case. */
export type FileSettings = z.output<typeof settingsSchema>;

/** The configuration in code: camelCase. */
export type Settings = Camelized<FileSettings>;

export function toSettings(file: FileSettings): Settings {
  const { log_level: level, ...rest } = file;
  const logging = level === null ? file.logging : { ...file.logging, level: levels[level] };
  return camelize({ ...rest, log_level: level, logging }, mapSettings);
}

/** The inverse of `toSettings`, not yet checked. */
export function toFileSettings(settings: object): Record<string, unknown> {
  return snakeize(settings, serverSpellings, mapSettings);
}

/** Settings that hold what users name, not keys of ours. */
const mapSettings: ReadonlySet<string> = new Set(["headers"]);

/** Keys that the servers spell in camelCase, in files too. */
const serverSpellings: ReadonlySet<string> = new Set(["M", "efConstruction"]);
