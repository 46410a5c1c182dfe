/** Decides whether a new collection may take the place of the old one. */
import { type Collection, HeadraceError } from "../../contracts/index.js";
import { compareNeighbours, type DeletionLimit, type NeighbourComparison } from "../../operations/index.js";
import type { Pass } from "./passes.js";

/** What both collections have, and how they answer. */
export interface GateReport extends NeighbourComparison {
  /** Rows of the old collection. */
  readonly rowsBefore: number;
  /** Rows of the new collection. */
  readonly rowsAfter: number;
  /** Rows of the old collection whose image fails. They are in the dead-letter file of the new collection. */
  readonly missing: number;
  /** Rows that only the new collection has, because programs inserted them while it was live. */
  readonly kept: number;
}

export interface GateLimits {
  /** The most rows of the old collection that the new one may lack. */
  readonly maxMissing: DeletionLimit;
  /** The least mean share of common neighbours, from 0 to 1. 0: models may differ as much as they like. */
  readonly minOverlap: number;
}

/** The least share of rows that must be the best hit for their own vector. An index that approximates misses few. */
const minSelfRetrieval = 0.95;

/** `passes`: all so far. The last one gives the numbers. */
export async function gateReport(
  origin: Collection,
  target: Collection,
  passes: readonly Pass[],
  signal: AbortSignal,
): Promise<GateReport> {
  const pass = passes.at(-1)!;
  const rowsAfter = await target.count();
  const compared = await compareNeighbours(origin, target, pass.sample.keys, signal);
  return { rowsBefore: pass.rows, rowsAfter, missing: pass.missing + pass.report.failed, kept: pass.kept, ...compared };
}

/** Returns true if no row is missing but those that are reported. */
export function isComplete({ rowsBefore, rowsAfter, missing, kept }: GateReport): boolean {
  return rowsAfter === rowsBefore - missing + kept;
}

/** Says what a switch would leave behind. */
export function missingText({ rowsBefore, missing }: Pick<GateReport, "rowsBefore" | "missing">): string {
  const share = rowsBefore === 0 ? 0 : missing / rowsBefore;
  return `${missing} of ${rowsBefore} rows are missing in the new collection, because their image fails (${(share * 100).toFixed(share < 0.01 ? 3 : 1)} %)`;
}

/** Returns the error `switch_refused` if the new collection must not take over; null if it may. */
export function refusalOf(report: GateReport, alias: string, { maxMissing, minOverlap }: GateLimits): HeadraceError | null {
  const { rowsBefore, rowsAfter, missing, kept, selfRetrieval, overlap } = report;
  const refuse = (expected: string, found: string, hint: string): HeadraceError =>
    new HeadraceError("switch_refused", `switch of ${alias}: expected ${expected}, found ${found}`, { item: alias, hint });
  if (!isComplete(report)) {
    return refuse(
      `${rowsBefore - missing + kept} rows in the new collection`,
      `${rowsAfter}`,
      "Run the same command again. If it says the same, stop the programs that write, and run it once more.",
    );
  }
  const allowed = "rows" in maxMissing ? maxMissing.rows : Math.floor(maxMissing.share * rowsBefore);
  if (missing > allowed) {
    return refuse(
      `at most ${allowed} of ${rowsBefore} rows without an image`,
      `${missing} (${percent(missing / rowsBefore)} %)`,
      "Check that the sources are mounted, and run the same command again. If the images are really gone, give the number that may be missing: " +
        `--max-missing ${missing}`,
    );
  }
  if (selfRetrieval !== null && selfRetrieval < minSelfRetrieval) {
    return refuse(
      `${minSelfRetrieval * 100} % of the images as the best hit for themselves`,
      `${percent(selfRetrieval)} %`,
      "Check the model: different images may have the same vector. An index that is too coarse has the same effect.",
    );
  }
  if (overlap !== null && overlap < minOverlap) {
    return refuse(
      `${percent(minOverlap)} % common neighbours`,
      `${percent(overlap)} %`,
      "Look at some searches in the new collection. If they are good, lower --min-overlap.",
    );
  }
  return null;
}

function percent(share: number): number {
  return Math.round(share * 1000) / 10;
}
