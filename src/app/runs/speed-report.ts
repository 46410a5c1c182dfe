/** What limited the speed of an ingestion, and the settings that would raise it. */
import type { RunReport, VectorStore } from "../../contracts/index.js";
import { type Knob, type Limit, limitOf, type Resources, type ServerLoad, verdict } from "../../insight/index.js";
import { embedderKind, storeKind } from "../configuration/kinds.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** CPU time of the shipped int8 graph, divided by that of the graph in floats. Measured: models/README.md. */
const int8Factor = 0.45;

export interface SpeedReport {
  /** What limited the speed, and what would raise it. null: the run was too short to say, stored nothing, or was sequential. */
  readonly limit: Limit | null;
  /** How busy the servers of the model were. null: there are none, they do not tell, or the run was too short. */
  readonly gpu: ServerLoad | null;
  /** `limit` and `gpu` in words. */
  readonly verdict: string;
}

/** True if the configured parts are clients of servers. The servers may be on this machine and use its processors. */
export function usesServers({ settings, own }: PipelineParts): boolean {
  return (
    (own.embedder === undefined && embedderKind(settings) === "triton") || (own.store === undefined && storeKind(settings) === "milvus")
  );
}

export function speedReport(
  report: RunReport,
  resources: Resources,
  {
    parts,
    store,
    schedule,
  }: { readonly parts: PipelineParts; readonly store: VectorStore; readonly schedule: "overlapped" | "sequential" },
): SpeedReport {
  const { server: gpu } = resources;
  // In a sequential run, the sum of all stages is the limit. A faster stage cannot raise the speed to the ceiling of the next one.
  if (schedule === "sequential") return { limit: null, gpu, verdict: verdict(report) };
  const knobs = knobsOf(parts, store, report);
  return { limit: limitOf(report, resources, knobs), gpu, verdict: verdict(report, resources, knobs) };
}

/** A stage of the caller's own parts has no settings. */
function knobsOf({ settings, own }: PipelineParts, store: VectorStore, { stages }: RunReport): readonly Knob[] {
  const { asyncPipeline, embedder, preprocess } = settings;
  const workers = (stage: string, setting: string, value: number, most = Number.POSITIVE_INFINITY): Knob => ({
    kind: "workers",
    stage,
    setting,
    value,
    most,
  });
  const decodeWorkers = stages.find(({ name }) => name === "decode")?.workers ?? 1;
  return [
    workers("read", "preprocess.num_workers", preprocess.numWorkers),
    workers("decode", "async_pipeline.preprocess_workers", decodeWorkers),
    // A store that gathers rows into larger writes does not become faster with more writers.
    ...(store.gathers === undefined
      ? [workers("store", "async_pipeline.insert_workers", asyncPipeline.insertWorkers, store.maxWriters)]
      : []),
    ...(own.embedder === undefined && embedderKind(settings) === "triton"
      ? [workers("embed", "async_pipeline.inflight_per_worker", asyncPipeline.inflightPerWorker)]
      : []),
    ...(own.embedder === undefined && embedderKind(settings) === "onnx" && embedder.model === "builtin"
      ? [{ kind: "model", stage: "embed", setting: "embedder.model", value: "builtin", to: "builtin-int8", factor: int8Factor } as const]
      : []),
  ];
}
