/** Embeds images and writes the vectors to a file, in the order of the inputs. */

import type { Chain } from "../chain/index.js";
import {
  HeadraceError,
  type IngestInput,
  type Item,
  type Outcome,
  type Reader,
  type Row,
  type Run,
  type RunOptions,
  type Sink,
} from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { decodeStage, embedStage, preprocessStage } from "../stages/index.js";
import { type IngestWidths, imageSource, maxEmbedLingerMs, readToDecodeStage } from "./ingest.js";
import { writeOnce } from "./write-once.js";

/** Writes vectors. It gets them in the order of the inputs. */
export interface VectorWriter {
  write(row: {
    readonly seq: number;
    readonly id: IngestInput["id"];
    readonly source: string;
    readonly vector: Float32Array;
  }): Promise<void>;
}

export interface EmbedPlan {
  readonly inputs: (stop: AbortSignal) => AsyncIterable<IngestInput>;
  readonly readers: readonly Reader[];
  readonly chain: Chain;
  readonly maxFileBytes: number;
  readonly reserveBytes: number;
  readonly lanes: IngestWidths;
  readonly writer: VectorWriter;
  readonly settle?: (outcome: Outcome) => void | Promise<void>;
  readonly options: RunOptions;
}

export function embed(plan: EmbedPlan): Run {
  const { lanes, chain } = plan;
  const ready = (): Promise<Chain> => Promise.resolve(chain);
  const order = new InputOrder(plan.writer);
  const queue = { maxItems: lanes.queueMaxsize };
  const source = imageSource({ ...plan, name: "list", settle: (outcome) => order.settle(outcome, plan.settle) });
  const pipeline = from(source)
    .through(readToDecodeStage(plan), {
      concurrency: lanes.numWorkers,
      admit: true,
      queue,
    })
    .through(decodeStage(ready), {
      concurrency: lanes.preprocessWorkers,
      batchesPerWorker: lanes.imagesPerDecodeWorker,
      queue,
    })
    .through(preprocessStage(ready), { batch: { maxItems: lanes.preprocessBatch, lingerMs: 50 }, queue })
    .through(embedStage(ready), {
      concurrency: lanes.embedParallel,
      batch: { maxItems: lanes.embedBatch, lingerMs: 50, maxLingerMs: maxEmbedLingerMs },
      queue,
    })
    .into(orderedSink(order), { queue });
  return run(pipeline, plan.options);
}

function orderedSink(order: InputOrder): Sink {
  return {
    name: "write",
    maxConcurrency: 1,
    async process(batch) {
      await writeOnce(async () => {
        for (const item of batch) await order.add(item);
      });
      return batch.map(({ seq }) => ({ kind: "ok", seq }));
    },
  };
}

/** Restores the order of the inputs: writes a row only after all earlier inputs have been written, skipped or failed. */
class InputOrder {
  readonly #ended = new Map<number, Item<Row> | null>();
  #next = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(readonly writer: VectorWriter) {}

  add(item: Item<Row>): Promise<void> {
    return this.#end(item.seq, item);
  }

  /** Records the outcome of an input. An input without a row, such as a failed one, does not block later inputs. */
  async settle(outcome: Outcome, then: EmbedPlan["settle"]): Promise<void> {
    if (outcome.kind !== "stored") await this.#end(outcome.seq, null);
    await then?.(outcome);
  }

  #end(seq: number, item: Item<Row> | null): Promise<void> {
    if (this.#ended.has(seq) || seq < this.#next)
      throw new HeadraceError("contract_broken", `input ${seq}: expected one outcome, found two`);
    this.#ended.set(seq, item);
    this.#writing = this.#writing.then(() => this.#flush());
    return this.#writing;
  }

  async #flush(): Promise<void> {
    for (let item = this.#ended.get(this.#next); item !== undefined; item = this.#ended.get(this.#next)) {
      this.#ended.delete(this.#next);
      this.#next += 1;
      if (item !== null) await this.writer.write({ seq: item.seq, id: item.id, source: item.facts.source, vector: item.value.vector });
    }
  }
}
