/** The steps of upkeep, as users see them while they run. */
import type { UpkeepProgress } from "../../../contracts/index.js";

/** LanceDB does not tell how much of a step is done. */
export type UpkeepStep = Pick<UpkeepProgress, "step" | "rows">;

export function buildingIndex(column: string, { rows }: { readonly rows: number }): UpkeepStep {
  return { step: `building the index on ${column}`, rows };
}
