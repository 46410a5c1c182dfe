/** Schemas of Triton's answers about a model. Each schema accepts both the JSON of the HTTP protocol and the messages of gRPC. */
import * as z from "zod";
import type { ModelDescription, ModelStatistics } from "./transport.js";

/** Accepts numbers and text, because the gRPC library returns int64 values as text. */
const whole = z.union([z.number(), z.string()]).transform(Number);
const tensor = z.object({ name: z.string(), datatype: z.string(), shape: z.array(whole) });

export const metadataShape = z.object({
  name: z.string(),
  versions: z.array(z.string()).default([]),
  platform: z.string().default(""),
  inputs: z.array(tensor),
  outputs: z.array(tensor),
});

export const configShape = z.object({
  max_batch_size: whole.default(0),
  input: z.array(z.object({ name: z.string(), format: z.string().default("FORMAT_NONE") })).default([]),
  instance_group: z.array(z.object({ count: whole.default(1), gpus: z.array(whole).default([]) })).default([]),
  dynamic_batching: z
    .object({ preferred_batch_size: z.array(whole).default([]), max_queue_delay_microseconds: whole.default(0) })
    .nullish()
    .transform((value) => value ?? null),
  parameters: z.record(z.string(), z.object({ string_value: z.string().default("") })).default({}),
});

const duration = z
  .object({ ns: whole.default(0) })
  .nullish()
  .transform((value) => value?.ns ?? 0);

export const statisticsShape = z.object({
  model_stats: z.array(
    z.object({
      inference_count: whole.default(0),
      batch_stats: z.array(z.object({ compute_input: duration, compute_infer: duration, compute_output: duration })).default([]),
    }),
  ),
});

export const indexShape = z.array(z.object({ name: z.string(), state: z.string().default(""), reason: z.string().default("") }));

export const inferHeaderShape = z.object({
  model_version: z.string().default(""),
  outputs: z.array(z.object({ datatype: z.string(), shape: z.array(z.number()), parameters: z.object({ binary_data_size: z.number() }) })),
});

/** Joins the answers about metadata and configuration. `configuration`: null when the server does not return config.pbtxt. */
export function joinDescription(
  metadata: z.infer<typeof metadataShape>,
  configuration: z.infer<typeof configShape> | null,
): ModelDescription {
  const config = configuration ?? configShape.parse({});
  return {
    ...metadata,
    configuration: configuration === null ? "withheld" : "read",
    maxBatchSize: config.max_batch_size,
    formats: Object.fromEntries(config.input.map(({ name, format }) => [name, format])),
    dynamicBatching:
      config.dynamic_batching === null
        ? null
        : {
            preferred: config.dynamic_batching.preferred_batch_size,
            maxQueueDelayUs: config.dynamic_batching.max_queue_delay_microseconds,
          },
    parameters: Object.fromEntries(Object.entries(config.parameters).map(([key, value]) => [key, value.string_value])),
    instances: Math.max(
      1,
      // `count` is the number of instances on each GPU of the group.
      config.instance_group.reduce((sum, { count, gpus }) => sum + count * Math.max(1, gpus.length), 0),
    ),
  };
}

/** Adds up the versions of a model. `inference_stats` would count the time of a batch once per request in it, so it is not read. */
export function joinStatistics({ model_stats }: z.infer<typeof statisticsShape>): ModelStatistics {
  const batches = model_stats.flatMap(({ batch_stats }) => batch_stats);
  return {
    images: model_stats.reduce((sum, { inference_count }) => sum + inference_count, 0),
    computeMs: batches.reduce((sum, batch) => sum + batch.compute_input + batch.compute_infer + batch.compute_output, 0) / 1e6,
  };
}
