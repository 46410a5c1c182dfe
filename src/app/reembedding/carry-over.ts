/** After a switch back: embeds what programs inserted into the new collection, and stores it in the live one too. */
import { HeadraceError, type IngestInput, type Observer, type Outcome } from "../../contracts/index.js";
import type { FileNaming } from "../../kit/index.js";
import { rowsOnlyIn } from "../../operations/index.js";
import { makeFileRefs, storedInput } from "../../sources/index.js";
import { closed, closedOnError } from "../lifetimes/closing.js";
import { type IngestRun, type InsertStats, startIngest } from "../runs/ingest-images.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { insertedMeanwhile, withBoth } from "./left-behind.js";
import { insertedSinceFilter, liveRowsSince } from "./live-since.js";
import { rolesOf } from "./roles.js";

/** What to carry over. */
export interface CarryOverRequest {
  /** The alias that was switched back. */
  readonly alias: string;
  /** Where the files are whose sources have a label instead of a folder, see `sync`. */
  readonly naming?: FileNaming;
  /** Hard stop. The same call continues later. */
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** Rows in progress from the collection that was left to the one that is live. */
export interface CarryOverRun extends Omit<IngestRun, "done"> {
  /** The collection that the alias named before it was switched back. */
  readonly from: string;
  /** The collection that the alias names. */
  readonly to: string;
  /** Number of rows that the live collection lacks. */
  readonly total: number;
  readonly done: Promise<InsertStats>;
}

export async function startCarryOver(parts: PipelineParts, request: CarryOverRequest): Promise<CarryOverRun> {
  const { alias, naming = null, observer, onOutcome, signal = new AbortController().signal } = request;
  const store = await parts.store(signal);
  const { live, next } = await rolesOf(store, alias);
  if (next === null) throw nothingLeft(alias, live);
  const total = await withBoth(store, [next, live], (from, to) => insertedMeanwhile(from, to, signal));
  const from = await store.openCollection(next, "read");
  return closedOnError([from], async () => {
    const to = await store.openCollection(live, "read");
    return closedOnError([to], async () => {
      // Before the first image is read: otherwise each image would fail on its own.
      await parts.passports.check(to, await parts.chain(signal), "read", signal);
      const since = await liveRowsSince(from);
      const fileRefs = await makeFileRefs();
      const inputs = async function* (stop: AbortSignal): AsyncGenerator<IngestInput> {
        if (since === null) return;
        for await (const rows of rowsOnlyIn(from, to, { signal, filter: insertedSinceFilter(since) })) {
          for (const row of rows) {
            if (stop.aborted) return;
            yield await storedInput(row, fileRefs, naming);
          }
        }
      };
      const run = await startIngest(parts, {
        inputs,
        collectionName: live,
        schedule: "overlapped",
        signal,
        ...(observer === undefined ? {} : { observer }),
        ...(onOutcome === undefined ? {} : { onOutcome }),
      });
      return { ...run, from: next, to: live, total, done: closed([from, to], () => run.done) };
    });
  });
}

function nothingLeft(alias: string, live: string): HeadraceError {
  return new HeadraceError("usage_invalid", `${alias}: expected a collection that was live before a switch back, found only ${live}`, {
    item: alias,
    hint: `Rows are carried over after: headrace reembed ${alias} --rollback`,
  });
}
