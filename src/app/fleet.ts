/** Work that many processes share: one distributes it, and any number of workers does it. Get one from `pipeline.fleet`. */
import type { WorkQueue } from "../contracts/index.js";
import { type FleetRetry, type FleetRetryRequest, retryShards } from "../fleet/index.js";
import { type DistributeRequest, type DistributionCounts, distribute } from "./runs/distribute.js";
import type { IngestRun } from "./runs/ingest-images.js";
import { startWork, type WorkRequest } from "./runs/work.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";

export class Fleet {
  readonly #parts: PipelineParts;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** Cuts sources into shards and adds them to the queue. Adding them again does no harm. `queue`: null for a dry run. */
  distribute(queue: WorkQueue | null, request: DistributeRequest): Promise<DistributionCounts> {
    return distribute(this.#parts, queue, request);
  }

  /** Takes shards and stores their images. Throws before the first shard if this worker would store something else than the others. */
  work(queue: WorkQueue, request: WorkRequest): Promise<IngestRun> {
    return startWork(this.#parts, queue, request);
  }

  /** Tries images again that failed, in new shards. */
  async retry(queue: WorkQueue, request: Omit<FleetRetryRequest, "schemes"> = {}): Promise<FleetRetry> {
    const readers = await this.#parts.readers(new AbortController().signal);
    return retryShards(queue, { ...request, schemes: new Set(readers.flatMap(({ schemes }) => schemes)) });
  }
}
