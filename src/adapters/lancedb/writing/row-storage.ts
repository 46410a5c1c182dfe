/** Writes the rows of several batches together. Appends rows with new keys, and merges all other rows into the table. */
import type { Table } from "@lancedb/lancedb";
import type { Key, RowBatch } from "../../../contracts/index.js";
import { type MetadataType, planUpsert } from "../../../kit/index.js";
import { fromLanceError } from "../errors.js";
import { type AcceptedRows, toArrow } from "../table/rows.js";
import { newColumns, type TableFacts, tableFacts } from "../table/table-schema.js";
import type { Vendor } from "../table/vendor.js";
import type { KeyIndex } from "../upkeep/scalar-indexes.js";
import type { ContentMarks } from "./content-marks.js";
import type { KeyLedger } from "./key-ledger.js";
import type { RowMarks } from "./row-marks.js";
import type { Settled } from "./write-group.js";

export interface RowStorageParts {
  readonly vendor: Vendor;
  /** Name of the collection. */
  readonly name: string;
  readonly table: Table;
  readonly ledger: KeyLedger;
  readonly keyIndex: KeyIndex;
  readonly marks: RowMarks;
  readonly contents: ContentMarks;
}

export class RowStorage {
  constructor(readonly parts: RowStorageParts) {}

  /**
   * Returns the result of each batch. A row that a later batch of the same call replaces counts as stored. If LanceDB reports an error
   * that a row may have caused, stores each batch alone, so that only the batch with that row fails.
   */
  async store(batches: readonly RowBatch[]): Promise<readonly Settled[]> {
    try {
      return await this.#storeTogether(batches);
    } catch (cause) {
      const reason = fromLanceError(`collection ${this.parts.name}: upsert`, cause);
      const mayBlameRows = reason.scope === "batch" || reason.scope === "item";
      if (batches.length === 1 || !mayBlameRows) return batches.map(() => ({ status: "rejected", reason }));
      const settled: Settled[] = [];
      for (const batch of batches) settled.push(...(await this.store([batch])));
      return settled;
    }
  }

  async #storeTogether(batches: readonly RowBatch[]): Promise<readonly Settled[]> {
    const { vendor, name, table, ledger, keyIndex, marks, contents } = this.parts;
    const { settled, accepted, added } = planAll(batches, tableFacts(vendor, name, await table.schema()));
    const keys = accepted.flatMap(({ batch, indices }) => indices.map((index) => batch.ids[index]!));
    if (keys.length === 0) return settled;
    await ledger.prepare(table, keys);
    if (added.size > 0) await table.addColumns(newColumns(added));
    const schema = await table.schema();
    contents.writes(accepted.flatMap(({ batch, indices }) => indices.map((index) => batch.facts[index]!.content)));
    // Each key is recorded before its row is written. A failed write may still have stored the rows, so a repeated write merges them.
    const { fresh, others } = split(accepted, (key) => {
      marks.writes(key);
      return ledger.isNew(key);
    });
    if (others.length > 0) {
      const merge = table.mergeInsert("id").whenMatchedUpdateAll().whenNotMatchedInsertAll();
      await merge.useIndex(keyIndex.isWorthUsing).execute(toArrow(vendor, schema, others));
      keyIndex.asked();
    }
    if (fresh.length > 0) await table.add(toArrow(vendor, schema, fresh));
    keyIndex.wrote(keys.length);
    return settled;
  }
}

interface Plans {
  readonly settled: readonly Settled[];
  /** The rows to write: if several rows have the same key, only the last one. */
  readonly accepted: readonly AcceptedRows[];
  /** Metadata columns that the rows need and the table does not have. */
  readonly added: ReadonlyMap<string, MetadataType>;
}

/** Plans one write for all batches. The table will be the same as if the batches were written one after the other. */
function planAll(batches: readonly RowBatch[], facts: TableFacts): Plans {
  const added = new Map<string, MetadataType>();
  const settled: Settled[] = [];
  const accepted: AcceptedRows[] = [];
  for (const batch of batches) {
    try {
      const plan = planUpsert(batch, { ...facts, columns: new Map([...facts.columns, ...added]) });
      for (const [column, type] of plan.newColumns) added.set(column, type);
      settled.push({ status: "fulfilled", value: plan.failures });
      accepted.push({ batch: plan.batch, indices: plan.accepted });
    } catch (reason) {
      settled.push({ status: "rejected", reason });
    }
  }
  return { settled, accepted: accepted.length === 1 ? accepted : lastOfEachKey(accepted), added };
}

function lastOfEachKey(accepted: readonly AcceptedRows[]): readonly AcceptedRows[] {
  const taken = new Set<Key>();
  const kept = accepted.toReversed().map(({ batch, indices }) => {
    const last = indices.filter((index) => !taken.has(batch.ids[index]!));
    for (const index of last) taken.add(batch.ids[index]!);
    return { batch, indices: last };
  });
  return kept.reverse();
}

function split(accepted: readonly AcceptedRows[], isNew: (key: Key) => boolean) {
  const [fresh, others]: [AcceptedRows[], AcceptedRows[]] = [[], []];
  for (const { batch, indices } of accepted) {
    const found = new Set(indices.filter((index) => isNew(batch.ids[index]!)));
    const rest = indices.filter((index) => !found.has(index));
    if (found.size > 0) fresh.push({ batch, indices: rest.length === 0 ? indices : [...found] });
    if (rest.length > 0) others.push({ batch, indices: rest });
  }
  return { fresh, others };
}
