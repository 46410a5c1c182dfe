/** Parts of batches of rows. */
import type { InsertResult, Key, RowBatch, RowFailure } from "../../contracts/index.js";
import { ingestedAtOf } from "./store-rules.js";

/** Writes the rows whose keys are not in `present`. Positions in the result are those in `batch`. */
export async function writeAbsent(
  batch: RowBatch,
  present: { has(key: Key): boolean },
  write: (rows: RowBatch) => Promise<readonly RowFailure[]>,
): Promise<InsertResult> {
  const [absent, there]: [number[], number[]] = [[], []];
  for (const [index, id] of batch.ids.entries()) (present.has(id) ? there : absent).push(index);
  if (absent.length === 0) return { failures: [], present: there };
  const failures = await write(there.length === 0 ? batch : rowsAt(batch, absent));
  return { failures: failures.map(({ index, error }) => ({ index: absent[index]!, error })), present: there };
}

function rowsAt(batch: RowBatch, positions: readonly number[]): RowBatch {
  const { ids, vectors, dimension, facts } = batch;
  const chosen = new Float32Array(positions.length * dimension);
  for (const [row, at] of positions.entries()) chosen.set(vectors.subarray(at * dimension, (at + 1) * dimension), row * dimension);
  return {
    ids: positions.map((at) => ids[at]!),
    vectors: chosen,
    dimension,
    facts: positions.map((at) => facts[at]!),
    ingestedAt: positions.map((at) => ingestedAtOf(batch, at)),
  };
}
