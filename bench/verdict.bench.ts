/** Predictions of the verdict, applied and run again: paced parts, so that the limit of each scenario is known. */
import { ImageEmbeddingPipeline, type InsertStats, ServiceConfig } from "../src/app/index.js";
import { type Pace, pacedImages, pacedParts } from "../test/fakes/paced-parts.js";
import { atMost, type BenchSection, type Figure, plain } from "./harness.js";

const quick: Pace = { sourceMs: 0, decodeMs: 2, batchMs: 2, imageMs: 0.2, writeMs: 5 };
const runMs = 10_000;

interface Settings {
  readonly preprocessWorkers: number;
  readonly inflight: number;
  readonly insertWorkers: number;
}

interface Scenario {
  readonly limit: string;
  readonly pace: Partial<Pace>;
  readonly before: Partial<Settings>;
  /** Images per second before the change, roughly. */
  readonly speed: number;
}

const scenarios: readonly Scenario[] = [
  { limit: "decode", pace: { decodeMs: 40, batchMs: 8, imageMs: 3 }, before: {}, speed: 97 },
  { limit: "decode", pace: { decodeMs: 40, batchMs: 2, imageMs: 0.2 }, before: { preprocessWorkers: 1 }, speed: 49 },
  { limit: "embed", pace: { batchMs: 30, imageMs: 3 }, before: {}, speed: 200 },
  { limit: "store", pace: { writeMs: 1_000, imageMs: 5 }, before: { insertWorkers: 1 }, speed: 50 },
  { limit: "source", pace: { sourceMs: 15 }, before: {}, speed: 65 },
];

const knobs: Readonly<Record<string, keyof Settings>> = {
  "async_pipeline.preprocess_workers": "preprocessWorkers",
  "async_pipeline.insert_workers": "insertWorkers",
};

export async function verdicts(): Promise<BenchSection> {
  const figures: Figure[] = [];
  for (const scenario of scenarios) figures.push(...(await predictAndApply(scenario)));
  return { name: "verdict", title: "The verdict's predictions, applied and run again", command: "npm run bench -- verdict", figures };
}

async function predictAndApply({ limit, pace, before, speed }: Scenario): Promise<readonly Figure[]> {
  const paced = { ...quick, ...pace };
  const settings: Settings = { preprocessWorkers: 2, inflight: 2, insertWorkers: 2, ...before };
  const first = await runOnce(paced, settings, speed);
  const what = `${limit}-bound (${JSON.stringify({ ...pace, ...before })})`;
  const named = plain(`${what}: the limit that is named`, first.limit?.stage ?? "none");
  const [advice] = first.limit?.advice ?? [];
  const knob = advice === undefined ? undefined : knobs[advice.setting];
  if (advice === undefined || knob === undefined) return [named, plain(`${what}: advice`, "none")];
  const after = await runOnce(paced, { ...settings, [knob]: advice.to }, advice.predictedImagesPerSecond);
  const found = imagesPerSecond(after);
  const predicted = advice.predictedImagesPerSecond;
  return [
    named,
    plain(
      `${what}: ${advice.setting} ${advice.from} → ${advice.to}, images/s before, predicted, found`,
      [imagesPerSecond(first), predicted, found].map((value) => value.toFixed(0)).join(", "),
    ),
    atMost(`${what}: deviation of the prediction, %`, Math.abs(predicted / found - 1) * 100, 15, 1),
  ];
}

async function runOnce(pace: Pace, { preprocessWorkers, inflight, insertWorkers }: Settings, speed: number): Promise<InsertStats> {
  const config = new ServiceConfig({ asyncPipeline: { preprocessWorkers, insertWorkers, insertBatchSize: 50 } });
  await using pipeline = await ImageEmbeddingPipeline.open(config, { own: pacedParts(pace, inflight) });
  const { stats } = await pipeline.insertImagesAsync({
    inputs: pacedImages(Math.round((speed * runMs) / 1000), pace),
    collectionName: "paced",
  });
  return stats;
}

function imagesPerSecond({ stored, elapsedMs }: InsertStats): number {
  return (stored / elapsedMs) * 1000;
}
