/** Writes the accepted rows of a batch. Limits the bytes per request, and halves a request that the server refuses as too large. */
import type { RowData } from "@zilliz/milvus2-sdk-node";
import { HeadraceError, type ImageFacts, type Key, type RowBatch, type RowFailure } from "../../../contracts/index.js";
import { float32ToFloat16, givenMetadata, ingestedAtOf } from "../../../kit/index.js";
import type { MilvusConnection } from "../connection/client.js";
import type { Freshness } from "../connection/freshness.js";
import { type CollectionShape, type DeclaredColumn, dynamicField, maxTextBytes } from "../connection/schema.js";
import { fromStatus, fromThrown, isTooLarge, isUnimplemented, succeeded } from "../errors.js";
import { acknowledgedRows, decodeMutation, encodeUpsert, type MutationAnswer, type UpsertColumn } from "./upsert-encoder.js";
import type { WriteLimiter } from "./write-limiter.js";

export interface InserterOptions {
  /** Maximum bytes per request. */
  readonly maxBytes: number;
  /** "encoded", the default: Headrace encodes the requests itself. "sdk": the SDK encodes the same rows, which is several times slower. */
  readonly path?: "encoded" | "sdk";
}

interface PreparedRow {
  /** Position of the row in the batch. */
  readonly index: number;
  /** A JSON object with the metadata keys that have no field of their own. */
  readonly dynamic: string;
  readonly bytes: number;
}

const maxRows = 10_000;
const maxDynamicBytes = 65_536;
const maxFloat16 = 65_504;
const isAboveFloat16 = (value: number) => Math.abs(value) > maxFloat16;
const maxInt64 = 2n ** 63n - 1n;

export class Inserter {
  #path: "encoded" | "sdk";

  constructor(
    readonly connection: MilvusConnection,
    readonly shape: CollectionShape,
    readonly limiter: WriteLimiter,
    readonly freshness: Freshness,
    readonly options: InserterOptions,
  ) {
    this.#path = options.path ?? "encoded";
  }

  /**
   * Writes rows of a batch. Resolves when all rows are durable, except those in the returned failures. `accepted`: positions of the rows to
   * write. All these rows have different keys.
   */
  async upsert(batch: RowBatch, accepted: readonly number[], signal: AbortSignal): Promise<readonly RowFailure[]> {
    const failures: RowFailure[] = [];
    const rows: PreparedRow[] = [];
    for (const index of accepted) {
      const prepared = this.#prepare(batch, index);
      if (prepared instanceof HeadraceError) failures.push({ index, error: prepared });
      else rows.push(prepared);
    }
    for (const chunk of chunksOf(rows, this.options.maxBytes)) {
      failures.push(...(await this.#send(batch, chunk, signal)));
    }
    return failures;
  }

  #prepare(batch: RowBatch, index: number): PreparedRow | HeadraceError {
    const facts = batch.facts[index]!;
    const id = batch.ids[index]!;
    if (id === maxInt64) {
      return new HeadraceError("id_invalid", `id: expected a number below ${maxInt64}, found ${id}, which Milvus never returns`, {
        item: facts.source,
      });
    }
    if (this.shape.vectorType === "Float16Vector") {
      const largest = batch.vectors.subarray(index * batch.dimension, (index + 1) * batch.dimension).find(isAboveFloat16);
      if (largest !== undefined) {
        return new HeadraceError("row_rejected", `vector: expected numbers up to ${maxFloat16} for FLOAT16_VECTOR, found ${largest}`, {
          scope: "item",
          item: facts.source,
        });
      }
    }
    const declared = new Set(this.shape.declared.map(({ name }) => name));
    const given = new Map(givenMetadata(facts.metadata));
    for (const column of this.shape.declared) {
      if (column.presence === "optional" && !given.has(column.name)) continue;
      const error = declaredError(column, given.get(column.name), facts.source);
      if (error !== null) return error;
    }
    const taken = [this.shape.vectorField, ...this.shape.foreign].find((name) => given.has(name));
    if (taken !== undefined) {
      const found = taken === this.shape.vectorField ? "the vector field" : "a field that Headrace cannot write";
      return new HeadraceError("metadata_name", `metadata key ${taken}: expected a free name, found ${found}`, { item: facts.source });
    }
    const dynamic = jsonOf([...given].filter(([name]) => !declared.has(name)));
    const texts = [facts.source, facts.root, facts.version, facts.content, facts.metadataHash].map((text) => Buffer.byteLength(text));
    const dynamicBytes = Buffer.byteLength(dynamic);
    if (Math.max(...texts) > maxTextBytes || dynamicBytes > maxDynamicBytes) {
      const found = Math.max(...texts, dynamicBytes);
      return new HeadraceError("row_rejected", `row: expected texts and metadata of at most ${maxTextBytes} bytes, found ${found}`, {
        scope: "item",
        item: facts.source,
      });
    }
    const declaredBytes = this.shape.declared.reduce((sum, { name }) => sum + Buffer.byteLength(String(given.get(name))) + 8, 0);
    const fixed = batch.dimension * 4 + Buffer.byteLength(String(id)) + texts.reduce((sum, bytes) => sum + bytes, 0);
    return { index, dynamic, bytes: fixed + dynamicBytes + declaredBytes + 64 };
  }

  async #send(batch: RowBatch, rows: readonly PreparedRow[], signal: AbortSignal): Promise<readonly RowFailure[]> {
    if (rows.length === 0) return [];
    try {
      const answer = await this.limiter.run(() => this.#request(batch, rows, signal), signal);
      checkAcknowledged(answer, rows.length, this.shape.name);
      this.freshness.wrote(answer.timestamp);
      return [];
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      if (rows.length === 1) {
        const rejected = new HeadraceError("row_rejected", `row: expected a size that Milvus accepts, found ${rows[0]!.bytes} bytes`, {
          scope: "item",
          cause: error,
        });
        return [{ index: rows[0]!.index, error: rejected }];
      }
      const half = Math.ceil(rows.length / 2);
      const first = await this.#send(batch, rows.slice(0, half), signal);
      return [...first, ...(await this.#send(batch, rows.slice(half), signal))];
    }
  }

  /**
   * Sends one upsert request. After the answer "unimplemented", makes another call to Milvus and then sends the request again. Switches to
   * the SDK only if the second answer is also "unimplemented", because the first may come from a gateway instead of Milvus.
   */
  async #request(
    batch: RowBatch,
    rows: readonly PreparedRow[],
    signal: AbortSignal,
    attempt: "first" | "again" = "first",
  ): Promise<MutationAnswer> {
    const { endpoint } = this.connection;
    const call = `upsert of ${rows.length} rows into ${this.shape.name}`;
    if (this.#path === "encoded") {
      try {
        const answer = decodeMutation(await this.connection.sendUpsert(this.#encode(batch, rows), signal));
        if (!succeeded(answer.status)) throw fromStatus(call, answer.status, endpoint, "row_rejected");
        return answer;
      } catch (error) {
        if (!isUnimplemented(error)) throw fromThrown(call, error, endpoint, "row_rejected");
        if (attempt === "first") {
          await this.connection.call(call, (client) => client.describeCollection({ collection_name: this.shape.name }), { signal });
          return this.#request(batch, rows, signal, "again");
        }
        this.#path = "sdk";
      }
    }
    const answer = await this.connection.call(
      call,
      (client) =>
        client.upsert({
          collection_name: this.shape.name,
          data: rows.map((row) => this.#asObject(batch, row)) as RowData[],
          timeout: this.connection.timeoutMs,
        }),
      { signal, fallback: "row_rejected" },
    );
    const acknowledged = acknowledgedRows(Number(answer.upsert_cnt), answer.succ_index.length);
    return { status: answer.status, timestamp: BigInt(answer.timestamp), acknowledged };
  }

  #encode(batch: RowBatch, rows: readonly PreparedRow[]): Uint8Array {
    const { shape } = this;
    const facts = rows.map(({ index }) => batch.facts[index]!);
    const text = (name: string, of: (each: ImageFacts) => string): UpsertColumn => ({ name, kind: "VarChar", values: facts.map(of) });
    const columns: UpsertColumn[] = [
      keyColumn(rows.map(({ index }) => batch.ids[index]!)),
      vectorColumn(shape, batch.dimension, vectorsOf(batch, rows)),
      text("source", (each) => each.source),
      text("root", (each) => each.root),
      text("version", (each) => each.version),
      text("content", (each) => each.content),
      text("metadata_hash", (each) => each.metadataHash),
      { name: "width", kind: "Int32", values: facts.map((each) => each.width) },
      { name: "height", kind: "Int32", values: facts.map((each) => each.height) },
      { name: "ingested_at", kind: "Int64", values: rows.map(({ index }) => ingestedAtOf(batch, index)) },
      ...shape.declared.flatMap((column) => declaredColumn(column, facts)),
      { name: dynamicField, kind: "dynamic", values: rows.map(({ dynamic }) => dynamic) },
    ];
    const request = { database: this.connection.endpoint.database ?? "", collection: shape.name, rows: rows.length, columns };
    return encodeUpsert(request, this.connection.newWriter());
  }

  #asObject(batch: RowBatch, { index }: PreparedRow): Record<string, unknown> {
    const facts = batch.facts[index]!;
    return {
      ...Object.fromEntries(this.shape.declared.flatMap(({ name, defaultValue }) => (defaultValue === null ? [] : [[name, defaultValue]]))),
      ...Object.fromEntries(givenMetadata(facts.metadata)),
      id: String(batch.ids[index]),
      [this.shape.vectorField]: Array.from(batch.vectors.subarray(index * batch.dimension, (index + 1) * batch.dimension)),
      source: facts.source,
      root: facts.root,
      version: facts.version,
      content: facts.content,
      metadata_hash: facts.metadataHash,
      width: facts.width,
      height: facts.height,
      ingested_at: ingestedAtOf(batch, index),
    };
  }
}

/** Writing the rows again does no harm, so the error is one that callers retry. */
function checkAcknowledged({ acknowledged }: MutationAnswer, sent: number, collection: string): void {
  if (acknowledged >= sent) return;
  throw new HeadraceError(
    "store_unavailable",
    `upsert into ${collection}: expected Milvus to acknowledge ${sent} rows, found ${acknowledged} acknowledged`,
  );
}

/**
 * Returns no column when no row has a value. Only optional columns have `present`, because the server refuses presence flags for required
 * fields. Default values are written: Milvus 2.3 refuses a column that only some rows have, and ends when no row of a request has it.
 */
function declaredColumn({ name, dataType, presence, defaultValue }: DeclaredColumn, facts: readonly ImageFacts[]): readonly UpsertColumn[] {
  const values = facts.map(({ metadata }) => metadata[name] ?? defaultValue);
  if (presence === "required") return [{ name, kind: dataType, values } as UpsertColumn];
  const given = values.filter((value) => value !== null);
  if (given.length === 0) return [];
  return [{ name, kind: dataType, values: given, present: values.map((value) => value !== null) } as UpsertColumn];
}

function declaredError(column: CollectionShape["declared"][number], value: unknown, item: string): HeadraceError | null {
  const failure = (expected: string, found: string) =>
    new HeadraceError("metadata_type", `metadata ${column.name}: expected ${expected}, found ${found}`, { item });
  if (value === undefined) return failure("a value, because the column is required", "none");
  if (column.dataType.startsWith("Int")) {
    const bits = Number(column.dataType.slice(3));
    const fits = Number.isInteger(value) && (value as number) >= -(2 ** (bits - 1)) && (value as number) < 2 ** (bits - 1);
    if (!fits) return failure(`a ${bits}-bit integer`, String(value).slice(0, 40));
  }
  if (column.dataType === "VarChar" && Buffer.byteLength(String(value)) > column.maxBytes) {
    return failure(`text of at most ${column.maxBytes} bytes`, `${Buffer.byteLength(String(value))} bytes`);
  }
  return null;
}

/** Writes large whole numbers with ".0", because Milvus refuses JSON integers beyond int64. */
function jsonOf(entries: readonly (readonly [string, unknown])[]): string {
  const members = entries.map(([name, value]) => {
    const text = JSON.stringify(value);
    return `${JSON.stringify(name)}:${typeof value === "number" && Math.abs(value) >= 2 ** 53 && !/[.e]/.test(text) ? `${text}.0` : text}`;
  });
  return `{${members.join(",")}}`;
}

function keyColumn(ids: readonly Key[]): UpsertColumn {
  return typeof ids[0] === "bigint"
    ? { name: "id", kind: "Int64", values: ids as readonly bigint[] }
    : { name: "id", kind: "VarChar", values: ids as readonly string[] };
}

function vectorColumn({ vectorField: name, vectorType }: CollectionShape, dimension: number, values: Float32Array): UpsertColumn {
  if (vectorType === "FloatVector") return { name, kind: "vector", dimension, values };
  return { name, kind: "vector16", dimension, values: float32ToFloat16(values) };
}

/** Returns the vectors of the rows in one array. When the rows are consecutive in the batch, the array is a view of the batch's memory. */
function vectorsOf(batch: RowBatch, rows: readonly PreparedRow[]): Float32Array {
  const { dimension, vectors } = batch;
  const first = rows[0]!.index;
  if (rows.at(-1)!.index - first === rows.length - 1) return vectors.subarray(first * dimension, (first + rows.length) * dimension);
  const gathered = new Float32Array(rows.length * dimension);
  for (const [at, { index }] of rows.entries()) gathered.set(vectors.subarray(index * dimension, (index + 1) * dimension), at * dimension);
  return gathered;
}

function* chunksOf(rows: readonly PreparedRow[], maxBytes: number): Iterable<readonly PreparedRow[]> {
  let chunk: PreparedRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (chunk.length > 0 && (bytes + row.bytes > maxBytes || chunk.length >= maxRows)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(row);
    bytes += row.bytes;
  }
  if (chunk.length > 0) yield chunk;
}
