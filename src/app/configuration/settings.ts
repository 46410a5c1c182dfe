/** The schema of the whole configuration, with its defaults. */
import * as z from "zod";
import { httpSection } from "../../adapters/http/options.js";
import { lancedbSection } from "../../adapters/lancedb/options.js";
import { declaredCollection, insertSection, milvusSection } from "../../adapters/milvus/options.js";
import { postgresSection } from "../../adapters/postgres/options.js";
import { s3Section } from "../../adapters/s3/options.js";
import { tritonSection } from "../../adapters/triton/options.js";
import { downloadsSection } from "../../sources/options.js";
import {
  asyncPipelineSection,
  deletedSection,
  embedderSection,
  limitsSection,
  loggingSection,
  metadataSection,
  preprocessSection,
  serverSection,
} from "./sections.js";

const levels = { debug: "debug", info: "info", warning: "warn", warn: "warn", error: "error", critical: "error" } as const;
type LevelName = keyof typeof levels;

export const settingsSchema = z.strictObject({
  asyncPipeline: asyncPipelineSection.prefault({}).describe("Number of workers, size of writes and queues, and memory."),
  preprocess: preprocessSection.prefault({}).describe("How images become tensors for the model."),
  metadata: metadataSection.prefault({}).describe("Which metadata of images is read from their files."),
  embedder: embedderSection.prefault({}).describe("How tensors become vectors."),
  http: httpSection.prefault({}).describe("How images are read from web servers."),
  s3: s3Section.prefault({}).describe("How images are listed and read in buckets of S3."),
  downloads: downloadsSection.prefault({}).describe("How tables and archives in buckets and on web servers are read."),
  triton: tritonSection
    .nullable()
    .default(null)
    .describe("Triton Inference Server. Without this section the model runs in this process, with ONNX Runtime."),
  milvus: milvusSection.nullable().default(null).describe("Milvus. Without this section and `postgres`, LanceDB stores the collections."),
  postgres: postgresSection
    .nullable()
    .default(null)
    .describe("PostgreSQL with pgvector: one table per collection. Used if there is no `milvus` section."),
  lancedb: lancedbSection.prefault({}).describe("LanceDB: collections in a folder. Used if there is no section `milvus` or `postgres`."),
  insert: insertSection.prefault({}).describe("How rows are written."),
  deleted: deletedSection.prefault({}).describe("What happens to rows that are deleted."),
  limits: limitsSection.prefault({}).describe("When a run ends early because of failures."),
  collections: z
    .array(declaredCollection)
    .default([])
    .describe("Settings of individual new collections, by name. They override the `milvus` section."),
  server: serverSection.prefault({}).describe("`headrace serve`: where it listens, its API keys and its limits."),
  logging: loggingSection.prefault({}).describe("Level and format of the log."),
  logLevel: z
    .preprocess(
      (level) => (typeof level === "string" ? level.toLowerCase() : level),
      z.enum(Object.keys(levels) as [LevelName, ...LevelName[]]),
    )
    .nullable()
    .default(null)
    .describe("The Python service's name for `logging.level`. Overrides it."),
});

type Checked = z.output<typeof settingsSchema>;

/** All settings, checked and with every default filled in. */
export type Settings = Omit<Checked, "logLevel">;

/** Moves the values of aliases to the settings that the aliases stand for. */
export function toSettings({ logLevel, ...settings }: Checked): Settings {
  return logLevel === null ? settings : { ...settings, logging: { ...settings.logging, level: levels[logLevel] } };
}
