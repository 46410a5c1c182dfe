/** The processes of the test of re-embedding: clients that search, one that inserts and deletes, and the re-embedding that is killed. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { ImageEmbeddingPipeline, type ReembedStats, ServiceConfig } from "../../../src/app/index.js";
import { HeadraceError, type Hit, type Key } from "../../../src/contracts/index.js";
import { type Twin, twinEmbedder, twinVector } from "../../fakes/twin-embedder.js";
import { numberOf, pathOf, pictureOf, pixelsOf, writePictures } from "./pictures.js";

/** What every process is told. */
export interface Task {
  readonly config: ConstructorParameters<typeof ServiceConfig>[0];
  /** The collection that the alias names first. */
  readonly collection: string;
  readonly alias: string;
  readonly photos: string;
  /** Pictures 0 to `rows` − 1 are stored when the test begins, and are never deleted. */
  readonly rows: number;
}

export type Role = "searchers" | "inserter" | "reembed";

export interface SearchersReport {
  readonly searches: Readonly<Record<Twin, number>>;
  /** How often a client got an answer of another model than before. */
  readonly changes: readonly number[];
  readonly problems: readonly string[];
}

export interface InserterReport {
  /** Numbers of pictures that were stored and not deleted. */
  readonly stored: readonly number[];
  readonly deleted: readonly number[];
  /** Those of them that were deleted while the alias named the collection of the old model, in the order of their deletions. */
  readonly deletedInOld: readonly number[];
}

export const clients = 5;
const topK = 5;
/** Pictures of the inserter have numbers from here. */
const firstInserted = 1_000_000;

export async function openTwin({ config }: Task, twin: Twin, work?: () => Promise<void>): Promise<ImageEmbeddingPipeline> {
  return ImageEmbeddingPipeline.open(new ServiceConfig(config), { parts: "lazy", own: { embedder: twinEmbedder(twin, work) } });
}

/** Calls with the pipeline whose model the collection has. */
class EitherModel {
  constructor(readonly pipelines: Readonly<Record<Twin, ImageEmbeddingPipeline>>) {}

  async call<T>(use: (pipeline: ImageEmbeddingPipeline) => Promise<T>): Promise<{ readonly twin: Twin; readonly answer: T }> {
    for (;;) {
      for (const twin of ["old", "new"] as const) {
        try {
          return { twin, answer: await use(this.pipelines[twin]) };
        } catch (error) {
          if (!HeadraceError.is(error) || error.code !== "passport_mismatch") throw error;
        }
      }
    }
  }

  async close(): Promise<void> {
    for (const pipeline of Object.values(this.pipelines)) await pipeline.close();
  }
}

async function eitherModel(task: Task): Promise<EitherModel> {
  return new EitherModel({ old: await openTwin(task, "old"), new: await openTwin(task, "new") });
}

/** Searches until `stop` fires, and each client once more afterwards. Each answer must come from one model: the scores are those that this model gives. */
export async function search(task: Task, stop: AbortSignal, onSearch: (client: number) => void): Promise<SearchersReport> {
  const models = await eitherModel(task);
  const searches = { old: 0, new: 0 };
  const problems: string[] = [];
  const client = async (index: number): Promise<number> => {
    let changes = 0;
    let last: Twin | null = null;
    for (let round = 0, isLast = false; !isLast; round += 1) {
      isLast = stop.aborted;
      const number = (round * 7919 + index * 104_729) % task.rows;
      const { twin, answer } = await models.call((pipeline) =>
        pipeline.searchImages(pictureOf(number), { collectionName: task.alias, topK }),
      );
      onSearch(index);
      searches[twin] += 1;
      if (last !== null && last !== twin) changes += 1;
      last = twin;
      const problem = problemOf(number, twin, answer);
      if (problem !== null && problems.length < 10) problems.push(problem);
    }
    return changes;
  };
  const changes = await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  await models.close();
  return { searches, changes, problems };
}

function problemOf(number: number, twin: Twin, hits: readonly Hit[]): string | null {
  if (hits.length < topK) return `picture ${number}: ${hits.length} hits`;
  const query = twinVector(twin, pixelsOf(number));
  const first = hits[0]!;
  if (first.score < 0.9999) return `picture ${number}: first hit ${first.facts.source} with ${first.score}`;
  for (const { facts, score } of hits) {
    const vector = twinVector(twin, pixelsOf(numberOf(facts.source)));
    const expected = vector.reduce((sum, value, at) => sum + value * query[at]!, 0);
    if (Math.abs(expected - score) > 1e-4)
      return `picture ${number}: ${facts.source} has ${score} instead of ${expected} of the ${twin} model`;
  }
  return null;
}

/** Inserts and deletes until `stop` fires. */
export async function insert(task: Task, stop: AbortSignal): Promise<InserterReport> {
  const models = await eitherModel(task);
  const stored = new Map<number, Key>();
  const deleted: number[] = [];
  const deletedInOld: number[] = [];
  for (let next = firstInserted; !stop.aborted; next += 2) {
    const numbers = [next, next + 1];
    await writePictures(task.photos, numbers);
    const inputs = numbers.map((number) => ({ input: pathOf(task.photos, number), metadata: { number } }));
    const { answer } = await patiently(() => models.call((pipeline) => pipeline.insertImagesAsync({ inputs, collectionName: task.alias })));
    assert.deepEqual(answer.failures, []);
    for (const [index, number] of numbers.entries()) stored.set(number, answer.ids[index]!);
    if (next % 10 !== 0) continue;
    const victim = next - 10;
    const id = stored.get(victim);
    if (id === undefined) continue;
    const before = await models.call((pipeline) => pipeline.collectionStats(task.alias));
    await patiently(() => models.call((pipeline) => pipeline.deleteByIds(task.alias, [id])));
    if (before.answer.name === task.collection) deletedInOld.push(victim);
    stored.delete(victim);
    deleted.push(victim);
  }
  await models.close();
  return { stored: [...stored.keys()], deleted, deletedInOld };
}

/** The last pass of a re-embedding keeps other writers of a LanceDB table out. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!HeadraceError.is(error) || error.code !== "lock_held") throw error;
      await pause(20);
    }
  }
}

export async function reembed(
  task: Task,
  onStored: (stored: number) => void,
): Promise<Pick<ReembedStats, "ended" | "switched" | "stored" | "to" | "gate" | "caughtUp" | "deleted">> {
  // Slow enough for the others to insert and search meanwhile.
  const pipeline = await openTwin(task, "new", () => pause(5));
  let count = 0;
  const run = await pipeline.reembedding.start({
    name: task.alias,
    onOutcome: ({ kind }) => {
      if (kind !== "stored") return;
      count += 1;
      onStored(count);
    },
  });
  const { ended, switched, stored, to, gate, caughtUp, deleted, error, upkeepError } = await run.done;
  await pipeline.close();
  if (error !== undefined || upkeepError !== undefined) throw error ?? upkeepError;
  return { ended, switched, stored, to, gate, caughtUp, deleted };
}
