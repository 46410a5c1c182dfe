/** Many small rows for tests of a growing table. */
import type { Passport } from "../../src/contracts/index.js";
import { dimension, unitVector } from "../conformance/store-rows-data.js";

export const passport: Passport = { probes: [[1, 0]], labels: {} };
export const schema = { dimension, metric: "cosine", passport } as const;

/** Rows `row START` and on, each with a unit vector of its own. */
export function rowsFrom(start: number, rows: number, width = dimension) {
  return Array.from({ length: rows }, (_, at) => ({
    id: `row ${start + at}`,
    vector: [...unitVector(start + at, width)],
    metadata: { n: start + at },
  }));
}
