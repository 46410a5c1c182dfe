/** Writes batches of rows: one statement per batch, so that several writers never see half of one. */
import { type ErrorCode, HeadraceError, type ImageFacts, type Key, type RowBatch, type RowFailure } from "../../contracts/index.js";
import { checkAborted, givenMetadata, ingestedAtOf, type MetadataType, planUpsert } from "../../kit/index.js";
import type { Catalog, CollectionShape } from "./catalog.js";
import { vectorArray } from "./rows.js";

export interface WriteOptions {
  /** What happens to a row whose key is stored. */
  readonly stored: "replace" | "keep";
  readonly signal: AbortSignal;
}

export interface Written {
  readonly failures: readonly RowFailure[];
  /** Keys that were stored before, if they are kept. */
  readonly kept: ReadonlySet<Key>;
}

export class RowWriter {
  #columns: ReadonlyMap<string, MetadataType> | null = null;

  constructor(
    readonly catalog: Catalog,
    readonly shape: CollectionShape,
  ) {}

  async write(batch: RowBatch, { stored, signal }: WriteOptions): Promise<Written> {
    const { name } = this.shape;
    checkAborted(signal, `collection ${name}: upsert`);
    this.#columns ??= await this.catalog.columns(name, signal);
    let plan = planUpsert(batch, this.#rules(stored));
    if (plan.newColumns.size > 0) {
      await this.catalog.addColumns(name, plan.newColumns, signal);
      this.#columns = await this.catalog.columns(name, signal);
      // Another process may have registered another type for a key. Rows with a value of this type then fail.
      plan = planUpsert(batch, this.#rules(stored));
    }
    const failures = [...plan.failures];
    const accepted = plan.accepted.filter((index) => {
      const error = zeroByteError(batch.ids[index]!, plan.batch.facts[index]!);
      if (error !== null) failures.push({ index, error });
      return error === null;
    });
    // All writers take the rows in one order, so that two of them do not wait for each other.
    accepted.sort((a, b) => (batch.ids[a]! < batch.ids[b]! ? -1 : 1));
    const kept = new Set<Key>();
    const rowsPerStatement = Math.max(1, Math.floor(this.catalog.maxWriteBytes / (this.shape.dimension * 4)));
    for (let at = 0; at < accepted.length; at += rowsPerStatement) {
      const part = accepted.slice(at, at + rowsPerStatement);
      const fresh = await this.#insert(plan.batch, part, { stored, signal });
      if (stored === "keep") for (const index of part) if (!fresh.has(String(batch.ids[index]))) kept.add(batch.ids[index]!);
    }
    return { failures: failures.sort((a, b) => a.index - b.index), kept };
  }

  async #insert(batch: RowBatch, part: readonly number[], { stored, signal }: WriteOptions): Promise<ReadonlySet<string>> {
    const { catalog, shape } = this;
    const { database, connection } = catalog;
    const id = shape.idType === "text" ? "text" : "bigint";
    const facts = part.map((index) => batch.facts[index]!);
    const conflict = stored === "keep" ? "DO NOTHING RETURNING id" : `DO UPDATE SET ${replaced}`;
    const text = `INSERT INTO ${database.table(shape.table)} (id, ${columns.join(", ")})
      SELECT * FROM unnest($1::${id}[], $2::${database.extension}.vector[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[],
        $9::integer[], $10::integer[], $11::bigint[]) ON CONFLICT (id) ${conflict}`;
    const values = [
      part.map((index) => String(batch.ids[index])),
      vectorArray(batch.vectors, { dimension: shape.dimension, positions: part, oid: database.vectorOid }),
      facts.map(({ source }) => source),
      facts.map(({ root }) => root),
      facts.map(({ version }) => version),
      facts.map(({ content }) => content),
      facts.map(({ metadata }) => JSON.stringify(Object.fromEntries(givenMetadata(metadata)))),
      facts.map((each) => each.metadataHash),
      facts.map(({ width }) => width),
      facts.map(({ height }) => height),
      part.map((index) => Math.round(ingestedAtOf(batch, index))),
    ];
    const rows = await connection.query(`collection ${shape.name}: upsert`, { text, values }, { signal });
    return new Set(rows.map((row) => String(row["id"])));
  }

  #rules(stored: WriteOptions["stored"]) {
    const { dimension, metric, idType, vectorType } = this.shape;
    const mixedTypes = stored === "keep" ? ("allowed" as const) : ("refused" as const);
    return { dimension, metric, idType, vectorType, columns: this.#columns ?? new Map<string, MetadataType>(), mixedTypes };
  }
}

const columns = [
  "embedding",
  "source",
  "root",
  "version",
  "content",
  "metadata",
  "metadata_hash",
  "width",
  "height",
  "ingested_at",
] as const;
const replaced = columns.map((name) => `${name} = excluded.${name}`).join(", ");

/** PostgreSQL stores no text with zero bytes. */
function zeroByteError(id: Key, { source, root, version, content, metadata }: ImageFacts): HeadraceError | null {
  const refused = (code: ErrorCode, what: string) =>
    new HeadraceError(code, `${what}: expected text without zero bytes, which PostgreSQL cannot store, found one`, {
      item: source,
      hint: "Remove the zero bytes, or use another store.",
    });
  if (typeof id === "string" && id.includes("\0")) return refused("id_invalid", "id");
  if ([source, root, version, content].some((text) => text.includes("\0"))) return refused("row_rejected", "row");
  for (const [name, value] of givenMetadata(metadata)) {
    if (typeof value === "string" && value.includes("\0")) return refused("metadata_type", `metadata ${name}`);
  }
  return null;
}
