/** Writes a collection into a file: read → write, in the order of the scan. */
import type { HeadraceError, Item, Row, RowWriter, Run, RunOptions, Sink, SinkResult, StoredRow } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { type MetadataType, metadataTypeOf } from "../kit/index.js";
import { batchRows, firstRows, type RowsPlan, rowSource } from "./rows.js";
import { writeOnce } from "./write-once.js";

export interface ExportPlan extends RowsPlan {
  readonly writer: RowWriter;
  readonly options: RunOptions;
}

export function exportRows(plan: ExportPlan): Run {
  const maxItems = batchRows(plan.origin.dimension);
  return run(from(rowSource(plan)).into(fileSink(plan.writer), { batch: { maxItems, lingerMs: 500 } }), plan.options);
}

/**
 * Scans all rows and returns their metadata keys with types, sorted by name. A file format with typed columns needs them before the first
 * row.
 */
export async function metadataColumns(plan: RowsPlan): Promise<ReadonlyMap<string, MetadataType>> {
  const columns = new Map<string, MetadataType>();
  for await (const rows of firstRows(plan.origin, "omit", plan.limit)) {
    for (const { facts } of rows) {
      for (const [name, value] of Object.entries(facts.metadata)) {
        const type = metadataTypeOf(value);
        if (type !== null && !columns.has(name)) columns.set(name, type);
      }
    }
  }
  return new Map([...columns].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fileSink(writer: RowWriter): Sink {
  return {
    name: "write",
    maxConcurrency: 1,
    async process(batch) {
      const rows = batch.map(({ id, facts, value }): StoredRow => ({ id, vector: value.vector, facts, ingestedAt: value.ingestedAt ?? 0 }));
      const failures = new Map((await writeOnce(() => writer.write(rows))).map(({ index, error }) => [index, error]));
      return sinkResults(batch, failures);
    },
  };
}

/** `failures`: by the position in the batch. */
export function sinkResults(batch: readonly Item<Row>[], failures: ReadonlyMap<number, HeadraceError>): readonly SinkResult[] {
  return batch.map(({ seq }, index) => {
    const error = failures.get(index);
    return error === undefined ? { kind: "ok", seq } : { kind: "fail", seq, error };
  });
}
