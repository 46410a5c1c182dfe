/** `tune`: finds the fastest settings for the caller's images, parts and machine. */
import { availableParallelism } from "node:os";
import { toYamlText } from "../../config/index.js";
import { HeadraceError } from "../../contracts/index.js";
import type { InputStream } from "../../sources/index.js";
import { embedderKind, storeKind } from "../configuration/kinds.js";
import { ServiceConfig } from "../configuration/service-config.js";
import type { Settings } from "../configuration/settings.js";
import { ImageEmbeddingPipeline } from "../pipeline.js";
import { decodeWorkersOf } from "../wiring/registry.js";
import { runTrial } from "./trial.js";
import { type Ladder, type Measurement, type Point, walkToKnee } from "./walk.js";

export interface TuneOptions {
  /** The sample of images. Called once per measurement. */
  readonly inputs: InputStream;
  /** Settings that need more memory are not chosen. null: no limit. */
  readonly maxMemoryBytes: number | null;
  readonly maxMeasurements: number;
  /** Called after each measurement. */
  readonly onMeasured?: (measured: TuneStep) => void;
  readonly signal?: AbortSignal;
}

/** One measurement. */
export interface TuneStep {
  /** The settings that were tried, by their names in configuration files. */
  readonly settings: Point;
  readonly imagesPerSecond: number;
  readonly peakRssBytes: number;
  /** The limiting stage. null: the sample was too short to say. */
  readonly limit: string | null;
}

/** The result of `tune`. */
export interface Tuning {
  readonly best: TuneStep;
  /** The settings of `best` that differ from the configuration, nested as in a configuration file. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** `settings` as YAML. Empty: the configuration is the best already. */
  readonly yaml: string;
  /** What to change in the model's config.pbtxt, if the model on its server is the limit. */
  readonly server: readonly string[];
  /** The first is the configuration as it is. */
  readonly tried: readonly TuneStep[];
}

interface TunedSetting extends Ladder {
  readonly now: (settings: Settings) => number;
  readonly apply: (config: ServiceConfig, value: number) => void;
}

type Step = Measurement & TuneStep;

/** Each measurement embeds the sample into a collection of its own in the configured store, and drops the collection. */
export async function tune(config: ServiceConfig, options: TuneOptions): Promise<Tuning> {
  const { maxMeasurements, onMeasured, signal = new AbortController().signal } = options;
  const settings = tunedSettings(config.settings());
  const start: Point = Object.fromEntries(settings.map(({ setting, now }) => [setting, now(config.settings())]));
  const measure = async (point: Point): Promise<Step> => {
    const step = await measured(changed(config, settings, start, point), point, options, signal);
    onMeasured?.(stepOf(step));
    return step;
  };
  const { best, tried } = await walkToKnee({ start, ladders: settings, maxMeasurements, measure });
  if (best.imagesPerSecond === 0) throw overMemory(best, options);
  const nested = nestedDifference(start, best.point);
  return {
    best: stepOf(best),
    settings: nested,
    yaml: Object.keys(nested).length === 0 ? "" : toYamlText(nested),
    server: best.limit === "embed" && embedderKind(config) === "triton" ? await serverHints(config, signal) : [],
    tried: tried.map(stepOf),
  };
}

async function measured(config: ServiceConfig, point: Point, { inputs, maxMemoryBytes }: TuneOptions, signal: AbortSignal): Promise<Step> {
  await using pipeline = await ImageEmbeddingPipeline.open(config, { signal });
  const { imagesPerSecond, peakRssBytes, stats } = await runTrial(pipeline, { inputs, schedule: "overlapped", signal });
  const isTooLarge = maxMemoryBytes !== null && peakRssBytes > maxMemoryBytes;
  return { point, settings: point, imagesPerSecond: isTooLarge ? 0 : imagesPerSecond, peakRssBytes, limit: stats.limit?.stage ?? null };
}

function stepOf({ settings, imagesPerSecond, peakRssBytes, limit }: Step): TuneStep {
  return { settings, imagesPerSecond, peakRssBytes, limit };
}

/** A copy of the configuration with the settings that differ from the start. The others keep their values, even "decided by the machine". */
function changed(config: ServiceConfig, settings: readonly TunedSetting[], start: Point, point: Point): ServiceConfig {
  const copy = new ServiceConfig(config.settings());
  for (const { setting, apply } of settings) if (point[setting] !== start[setting]) apply(copy, point[setting]!);
  return copy;
}

type AsyncKey = "preprocessWorkers" | "inflightPerWorker" | "insertBatchSize" | "insertWorkers";

const asyncNames: Readonly<Record<AsyncKey, string>> = {
  preprocessWorkers: "async_pipeline.preprocess_workers",
  inflightPerWorker: "async_pipeline.inflight_per_worker",
  insertBatchSize: "async_pipeline.insert_batch_size",
  insertWorkers: "async_pipeline.insert_workers",
};

function asyncSetting(key: AsyncKey, stage: string, values: readonly number[], now: (settings: Settings) => number): TunedSetting {
  const apply = (config: ServiceConfig, value: number) =>
    Object.assign(config, { asyncPipeline: { ...config.asyncPipeline, [key]: value } });
  return { setting: asyncNames[key], stage, values, now, apply };
}

function tunedSettings(settings: Settings): readonly TunedSetting[] {
  const cores = availableParallelism();
  const upTo = (most: number) => [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64].filter((value) => value <= most);
  const decode = asyncSetting("preprocessWorkers", "decode", upTo(2 * cores), decodeWorkersOf);
  const inflight = asyncSetting("inflightPerWorker", "embed", upTo(8), ({ asyncPipeline }) => asyncPipeline.inflightPerWorker);
  const sessions: TunedSetting = {
    setting: "embedder.sessions",
    stage: "embed",
    values: upTo(2 * cores),
    now: ({ embedder, asyncPipeline }) => embedder.sessions ?? cores * asyncPipeline.embeddingWorkers,
    apply: (config, count) => Object.assign(config, { embedder: { ...config.embedder, sessions: count } }),
  };
  const writeSize = asyncSetting(
    "insertBatchSize",
    "store",
    [50, 100, 200, 500, 1_000],
    ({ asyncPipeline }) => asyncPipeline.insertBatchSize,
  );
  const writers = asyncSetting("insertWorkers", "store", upTo(8), ({ asyncPipeline }) => asyncPipeline.insertWorkers);
  // LanceDB has one writer, which gathers batches. A number of writers has no effect there.
  return [
    decode,
    embedderKind(settings) === "onnx" ? sessions : inflight,
    writeSize,
    ...(storeKind(settings) === "milvus" ? [writers] : []),
  ];
}

function nestedDifference(start: Point, best: Point): Tuning["settings"] {
  const nested: Record<string, Record<string, number>> = {};
  for (const [setting, value] of Object.entries(best)) {
    const [section = "", key = ""] = setting.split(".");
    if (value !== start[setting]) nested[section] = { ...nested[section], [key]: value };
  }
  return nested;
}

async function serverHints(config: ServiceConfig, signal: AbortSignal): Promise<readonly string[]> {
  await using pipeline = await ImageEmbeddingPipeline.open(config, { signal });
  const { findings } = await pipeline.diagnose();
  return findings.filter(({ hint }) => hint.includes("config.pbtxt")).map(({ message, hint }) => `${message}. ${hint}`);
}

function overMemory({ peakRssBytes }: TuneStep, { maxMemoryBytes }: TuneOptions): HeadraceError {
  const inMb = (bytes: number): number => Math.round(bytes / 1e6);
  return new HeadraceError(
    "input_invalid",
    `tuning: expected at most ${inMb(maxMemoryBytes ?? 0)} MB, found ${inMb(peakRssBytes)} MB with the configuration as it is`,
    { hint: "Lower async_pipeline.memory_budget_mb or embedder.sessions, or allow more memory." },
  );
}
