/** The work of a job that ingests images: those of its sources, those that came with its request, or the failures of another job. */
import { countInputs, type IngestRun, type InputStream, type ListingRequest, ListingTally, listInputs } from "../../app/index.js";
import { sha256Of } from "../insertions/sources.js";
import { imageGuard } from "./allowed-sources.js";
import type { JobRequest } from "./job.js";
import type { JobWork, WorkHooks, WorkParts, WorkRun } from "./job-work.js";
import { refusedInputs, unpackArrived } from "./unpacking.js";

export class IngestWork implements JobWork {
  readonly #parts: WorkParts;
  readonly #tally = new ListingTally();
  /** Number of images in uploads that the job does not get. null: the job uses no uploads. */
  #unpacking: Promise<number | null> | null = null;

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
    this.#unpacking ??= this.#unpack(stop);
    const refused = await this.#unpacking;
    const request = await this.#listing(refused === null ? [] : [this.#parts.folder.unpackedPath]);
    void countInputs(request, stop).then((count) => onTotal(count === null ? null : count + (refused ?? 0)));
    const inputs = refused === null ? listInputs(request) : this.#withRefused(listInputs(request));
    return pipeline.ingest({ inputs, collectionName, missingCollection: "refuse", schedule: "overlapped", ...hooks });
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

  async #unpack(stop: AbortSignal): Promise<number | null> {
    const { pipeline, settings, folder } = this.#parts;
    if (!(await folder.hasArrived())) return null;
    return unpackArrived({ pipeline, folder, maxMb: settings.server.maxJobMb, listing: this.#choices(), stop });
  }

  #withRefused(listed: InputStream): InputStream {
    const { folder } = this.#parts;
    return async function* (...asked) {
      yield* listed(...asked);
      yield* refusedInputs(folder);
    };
  }

  async #listing(unpacked: readonly string[]): Promise<ListingRequest> {
    const { pipeline, job, folder } = this.#parts;
    const { sources, listing } = job.request;
    const given = (await folder.hasLines()) ? [folder.linesPath, ...unpacked] : unpacked;
    return {
      ...pipeline.listingSettings,
      ...this.#choices(),
      // Before the sources: an image that is also in a folder gets the id and the metadata that were sent.
      paths: [...given, ...sources],
      admit: this.#guard(),
      ...(listing.limit === undefined ? {} : { limit: listing.limit }),
    };
  }

  #choices(): Pick<ListingRequest, "columns" | "badLines" | "onLeftOut" | "onLeftOutColumn" | "onSkippedLine"> {
    const { badLines, imageColumn, idColumn, metadataColumns } = this.#parts.job.request.listing;
    const columns = {
      ...(imageColumn === undefined ? {} : { image: imageColumn }),
      ...(idColumn === undefined ? {} : { id: idColumn }),
      ...(metadataColumns === undefined ? {} : { metadata: metadataColumns }),
    };
    const { onLeftOut, onLeftOutColumn, onSkippedLine } = this.#tally;
    return { columns, onLeftOut, onLeftOutColumn, onSkippedLine, ...(badLines === undefined ? {} : { badLines }) };
  }

  #guard(): NonNullable<ListingRequest["admit"]> {
    const { settings, folder, job } = this.#parts;
    const guard = imageGuard(settings.server.allowedRoots, {
      uploads: folder.uploadsPath,
      lines: [folder.linesPath, folder.unpackedPath],
    });
    // Images that came with an earlier job lie in its folder. Only the server itself names images in this way.
    return job.request.retry === null ? guard : async (ref) => (sha256Of(ref.uri) === null ? guard(ref) : ref);
  }
}
