/** The work of a job that ingests images: those of its sources, those that came with its request, or the failures of another job. */
import { countInputs, type IngestRun, type ListingRequest, ListingTally, listInputs } from "../../app/index.js";
import { sha256Of } from "../insertions/sources.js";
import { imageGuard } from "./allowed-sources.js";
import type { JobRequest } from "./job.js";
import type { JobWork, WorkHooks, WorkParts, WorkRun } from "./job-work.js";

export class IngestWork implements JobWork {
  readonly #parts: WorkParts;
  readonly #tally = new ListingTally();

  constructor(parts: WorkParts) {
    this.#parts = parts;
  }

  async start(hooks: WorkHooks): Promise<WorkRun> {
    const run = await this.#start(hooks);
    const tally = this.#tally;
    return { ...run, done: run.done.then((stats) => ({ ...stats, leftOut: tally.leftOut, leftOutColumns: tally.leftOutColumns })) };
  }

  async #start({ onTotal, stop, ...hooks }: WorkHooks): Promise<IngestRun> {
    const { pipeline, job } = this.#parts;
    const { collection: collectionName, retry } = job.request;
    if (retry !== null) return this.#retry(retry, { onTotal, ...hooks });
    const request = await this.#listing();
    void countInputs(request, stop).then(onTotal);
    return pipeline.ingest({ inputs: listInputs(request), collectionName, missingCollection: "refuse", schedule: "overlapped", ...hooks });
  }

  async #retry(retry: NonNullable<JobRequest["retry"]>, { onTotal, ...hooks }: Omit<WorkHooks, "stop">): Promise<IngestRun> {
    const { pipeline, job, folderOf } = this.#parts;
    const { collection: collectionName, listing } = job.request;
    const request = {
      collectionName,
      missingCollection: "refuse" as const,
      deadLetterFile: folderOf(retry.of).failuresPath,
      admit: this.#guard(),
      ...(retry.codes.length === 0 ? {} : { codes: retry.codes }),
      ...(listing.limit === undefined ? {} : { limit: listing.limit }),
    };
    const { wouldTry, wouldList } = await pipeline.previewRetry(request);
    onTotal(wouldList === 0 ? wouldTry : null);
    return pipeline.retryFailures({ ...request, ...hooks });
  }

  async #listing(): Promise<ListingRequest> {
    const { pipeline, job, folder } = this.#parts;
    const { sources, listing } = job.request;
    const { limit, badLines, imageColumn, idColumn, metadataColumns } = listing;
    const columns = {
      ...(imageColumn === undefined ? {} : { image: imageColumn }),
      ...(idColumn === undefined ? {} : { id: idColumn }),
      ...(metadataColumns === undefined ? {} : { metadata: metadataColumns }),
    };
    return {
      ...pipeline.listingSettings,
      // Before the sources: an image that is also in a folder gets the id and the metadata that were sent.
      paths: (await folder.hasLines()) ? [folder.linesPath, ...sources] : sources,
      columns,
      admit: this.#guard(),
      onLeftOut: this.#tally.onLeftOut,
      onLeftOutColumn: this.#tally.onLeftOutColumn,
      onSkippedLine: this.#tally.onSkippedLine,
      ...(limit === undefined ? {} : { limit }),
      ...(badLines === undefined ? {} : { badLines }),
    };
  }

  #guard(): NonNullable<ListingRequest["admit"]> {
    const { settings, folder, job } = this.#parts;
    const guard = imageGuard(settings.server.allowedRoots, { uploads: folder.uploadsPath, lines: folder.linesPath });
    // Images that came with an earlier job lie in its folder. Only the server itself names images in this way.
    return job.request.retry === null ? guard : async (ref) => (sha256Of(ref.uri) === null ? guard(ref) : ref);
  }
}
