/** Combines a source, stages and a sink. The compiler checks that the output of each step is the input of the next. */
import { HeadraceError, type Lane, type Part, type Row, type Sink, type Source, type Stage } from "../contracts/index.js";
import { integerFrom, nonNegative, positive } from "./numbers.js";
import type { AnyStage } from "./retry.js";

/** One stage, or the sink, with its lane. */
export interface Step {
  readonly stage: AnyStage & Part;
  readonly lane: ResolvedLane;
}

/** A lane with every default filled in. */
export interface ResolvedLane {
  readonly concurrency: number;
  readonly batchesPerWorker: number;
  readonly batchItems: number;
  readonly batchBytes: number;
  readonly lingerMs: number;
  readonly maxLingerMs: number;
  readonly queueItems: number;
  readonly admit: boolean;
  readonly attempts: number;
  readonly baseDelayMs: number;
}

/** A complete pipeline for `run`, made by `from(…).through(…).into(…)`. A pipeline has no state. */
export interface Pipeline {
  readonly source: Source<unknown>;
  /** The steps in the order in which items pass through them; the sink is the last. */
  readonly steps: readonly Step[];
}

/** A pipeline that still needs a sink. Its last step yields items with values of type T. */
export interface OpenPipeline<T> {
  /** Adds a stage. Throws `config_invalid` for an invalid lane. */
  through<O>(stage: Stage<T, O>, lane?: Lane): OpenPipeline<O>;
  /** Adds the sink, which stores rows. Throws `config_invalid` for an invalid lane, and `config_conflict` if a second lane has `admit`. */
  into(this: OpenPipeline<Row>, sink: Sink, lane?: Lane): Pipeline;
}

/** Starts a pipeline: `from(source).through(read, { admit: true }).through(embed).into(store)`. */
export function from<T>(source: Source<T>): OpenPipeline<T> {
  return open(source, []);
}

function open<T>(source: Source<unknown>, steps: readonly Step[]): OpenPipeline<T> {
  return {
    through: <O>(stage: Stage<T, O>, lane: Lane = {}) => open<O>(source, [...steps, stepOf(stage as unknown as AnyStage, lane)]),
    into: (sink: Sink, lane: Lane = {}) => complete(source, [...steps, stepOf(sink as unknown as AnyStage, lane)]),
  };
}

function complete(source: Source<unknown>, steps: readonly Step[]): Pipeline {
  const gates = steps.filter((step) => step.lane.admit).map((step) => step.stage.name);
  if (gates.length > 1) {
    throw new HeadraceError("config_conflict", `lanes with admit: expected at most one, found "${gates.join('", "')}"`);
  }
  return { source, steps };
}

function stepOf(stage: AnyStage, lane: Lane): Step {
  const { name } = stage;
  const key = (field: string) => `lane of "${name}", ${field}`;
  const batchItems = integerFrom(1, lane.batch?.maxItems ?? 1, key("batch.maxItems"));
  if (lane.admit === true && batchItems > 1) {
    throw new HeadraceError("config_conflict", `lane of "${name}", batch.maxItems: expected 1 beside admit, found ${batchItems}`);
  }
  return {
    stage,
    lane: {
      concurrency: integerFrom(1, lane.concurrency ?? 1, key("concurrency")),
      batchesPerWorker: integerFrom(1, lane.batchesPerWorker ?? 1, key("batchesPerWorker")),
      batchItems,
      batchBytes: positive(lane.batch?.maxBytes ?? Number.POSITIVE_INFINITY, key("batch.maxBytes")),
      lingerMs: nonNegative(lane.batch?.lingerMs ?? 0, key("batch.lingerMs")),
      maxLingerMs: nonNegative(lane.batch?.maxLingerMs ?? lane.batch?.lingerMs ?? 0, key("batch.maxLingerMs")),
      queueItems: Math.max(batchItems, integerFrom(1, lane.queue?.maxItems ?? batchItems, key("queue.maxItems"))),
      admit: lane.admit ?? false,
      attempts: integerFrom(1, lane.retry?.attempts ?? 3, key("retry.attempts")),
      baseDelayMs: nonNegative(lane.retry?.baseDelayMs ?? 100, key("retry.baseDelayMs")),
    },
  };
}
