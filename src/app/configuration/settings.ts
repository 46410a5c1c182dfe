/** The whole configuration as one schema: every section, with its defaults. */
import * as z from "zod";
import { lancedbSection } from "../../adapters/lancedb/options.js";
import { declaredCollection, insertSection, milvusSection } from "../../adapters/milvus/options.js";
import { tritonSection } from "../../adapters/triton/options.js";
import { asyncPipelineSection, embedderSection, limitsSection, loggingSection, preprocessSection, serverSection } from "./sections.js";

const levels = { debug: "debug", info: "info", warning: "warn", warn: "warn", error: "error", critical: "error" } as const;
type LevelName = keyof typeof levels;

export const settingsSchema = z.strictObject({
  asyncPipeline: asyncPipelineSection.prefault({}).describe("How many workers, how large the writes and queues, how much memory."),
  preprocess: preprocessSection.prefault({}).describe("From an image of any size to the tensor that the model takes."),
  embedder: embedderSection.prefault({}).describe("What turns tensors into vectors."),
  triton: tritonSection
    .nullable()
    .default(null)
    .describe("Triton Inference Server. Without this section the model runs in this process, with ONNX Runtime."),
  milvus: milvusSection.nullable().default(null).describe("Milvus. Without this section collections are kept in LanceDB."),
  lancedb: lancedbSection.prefault({}).describe("Collections in a folder; used when there is no `milvus` section."),
  insert: insertSection.prefault({}).describe("How rows are written."),
  limits: limitsSection.prefault({}).describe("When a run gives up."),
  collections: z
    .array(declaredCollection)
    .default([])
    .describe("What new collections are like, by name, where it is not as `milvus` says."),
  server: serverSection.prefault({}).describe("Where the HTTP server listens."),
  logging: loggingSection.prefault({}).describe("What is logged."),
  logLevel: z
    .preprocess(
      (level) => (typeof level === "string" ? level.toLowerCase() : level),
      z.enum(Object.keys(levels) as [LevelName, ...LevelName[]]),
    )
    .nullable()
    .default(null)
    .describe("The Python service's name for `logging.level`; goes before it."),
  cacheCompiledFunctions: z
    .boolean()
    .default(true)
    .describe("Accepted for files of the Python service.")
    .meta({ ignored: "compiled functions are always kept" }),
});

type Checked = z.output<typeof settingsSchema>;

/** All settings, checked and complete. */
export type Settings = Omit<Checked, "logLevel" | "cacheCompiledFunctions">;

/** Without the settings that stand for others. */
export function toSettings({ logLevel, cacheCompiledFunctions: _, ...settings }: Checked): Settings {
  return logLevel === null ? settings : { ...settings, logging: { ...settings.logging, level: levels[logLevel] } };
}
