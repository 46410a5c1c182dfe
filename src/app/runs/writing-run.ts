/** A run that writes rows, and then does the upkeep that is due. */
import type { Collection, HeadraceError, Observer, Run, RunReport } from "../../contracts/index.js";
import { type Closable, closed } from "../lifetimes/closing.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

interface WritingRunOptions {
  /** The collection that the run writes to. */
  readonly collection: Collection;
  /** Name of the collection, unique within the pipeline. */
  readonly label: string;
  /** What else is closed at the end. */
  readonly closing?: readonly Closable[];
  readonly signal: AbortSignal;
  readonly observer: Observer | undefined;
}

/** What a run ends with. `upkeepError`: an error after the last row. All rows that the report counts as stored are stored. */
type Kept<Report extends RunReport> = Report & { readonly upkeepError?: HeadraceError };

/** Closes the collection after the upkeep. A drained run leaves the upkeep to the next call. */
export function writingRun<Report extends RunReport>(
  parts: PipelineParts,
  run: Omit<Run, "done"> & { readonly done: Promise<Report> },
  { collection, label, closing = [], signal, observer }: WritingRunOptions,
): { drain(): void; readonly done: Promise<Kept<Report>> } {
  const soft = new AbortController();
  const done = closed([collection, ...closing], async (): Promise<Kept<Report>> => {
    const report = await run.done;
    const upkeepError = await parts.upkeep.after({ label, collection, ended: report.ended, signal, soft: soft.signal, observer });
    return { ...report, ...(upkeepError === null ? {} : { upkeepError }) };
  });
  const drain = (): void => {
    run.drain();
    soft.abort();
  };
  return { drain, done };
}
