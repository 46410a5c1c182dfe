/** The JSON of the Python service, whose clients also work with this server. Names are those of the Python service. */
import * as z from "zod";
import { collectionName, exampleDataUrl, filter, metadata } from "./wire.js";

const input = z
  .string()
  .min(1)
  .max(64 * 1024 * 1024)
  .describe("A web URL, a data URL, or a path below a folder of `server.allowed_roots`.");
const inputs = z.array(input).min(1);
const target = collectionName.nullish().describe("Default: the configured collection.");
const batchSize = z.int().nullish().describe("Has no effect.");
const filterExpression = filter.nullish();

export const example = exampleDataUrl;

export const health = z.strictObject({ status: z.enum(["healthy", "degraded"]), components: z.record(z.string(), z.boolean()) });

export const embedding = z.object({ inputs, batch_size: batchSize }).meta({ id: "PythonServiceEmbedding" });
export const embedded = z
  .strictObject({ embeddings: z.array(z.array(z.number())), count: z.int(), embedding_dim: z.int() })
  .meta({ id: "PythonServiceEmbeddings" });

export const insertion = z
  .object({
    inputs,
    ids: z.array(z.string().min(1).max(512)).min(1).describe("One per input."),
    metadata: z.array(metadata).nullish().describe("One per input."),
    collection_name: target,
    batch_size: batchSize,
  })
  .meta({ id: "PythonServiceInsertion" });
export const inserted = z.strictObject({ inserted_ids: z.array(z.string()), count: z.int() }).meta({ id: "PythonServiceInserted" });

export const search = z
  .object({ query_input: input, topk: z.int().min(1).max(1000).default(10), filter_expr: filterExpression, collection_name: target })
  .meta({ id: "PythonServiceSearch" });
export const found = z
  .strictObject({
    results: z.array(z.strictObject({ id: z.string(), score: z.number(), distance: z.number(), metadata })),
    count: z.int(),
    query_time_ms: z.number(),
  })
  .meta({ id: "PythonServiceResults" });

export const newCollection = z
  .object({
    name: collectionName,
    dim: z.int().min(1).nullish().describe("Must be the dimension of the model."),
    description: z.string().default("").describe("Has no effect."),
  })
  .meta({ id: "PythonServiceCollection" });
export const message = z.strictObject({ message: z.string() }).meta({ id: "PythonServiceMessage" });
export const collections = z.strictObject({ collections: z.array(z.string()), count: z.int() });
export const stats = z.strictObject({ name: z.string(), num_entities: z.int(), description: z.string() });

export const deletion = z
  .object({ ids: z.array(z.string().min(1)).min(1).nullish(), filter_expr: filterExpression, collection_name: target })
  .meta({ id: "PythonServiceDeletion" });

export const error = z.strictObject({ detail: z.string(), code: z.string() }).meta({ id: "PythonServiceError" });
