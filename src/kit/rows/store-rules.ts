/** Rules for names, keys, rows and queries. All stores use these rules, so that invalid input gives the same error with every store. */
import {
  type CollectionSchema,
  HeadraceError,
  type Hit,
  type ImageFacts,
  type Key,
  type Metric,
  type RowBatch,
  type RowFailure,
  type SearchOptions,
} from "../../contracts/index.js";
import { isWellFormed } from "../text/text.js";
import { builtInColumns, checkMetadata, givenMetadata, type MetadataType, maxMetadataKeys, metadataTypeOf } from "./metadata.js";
import { pictureKeys, pictureTypes, splitMetadata } from "./picture-metadata.js";

/** The properties of a collection that the rows of a batch must match. */
/** Type of the numbers of stored vectors. float16 takes half the space. */
export type VectorType = "float32" | "float16";

export interface RowRules {
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  /** The type of the numbers of the vectors. */
  readonly vectorType: VectorType;
  /** The metadata keys of the collection, with the types of their columns. "other": a column type that no metadata value has. */
  readonly columns: ReadonlyMap<string, MetadataType | "other">;
  /** "allowed": a key may have values of several types, as rows have that two processes wrote at the same time. Default "refused". */
  readonly mixedTypes?: "allowed" | "refused";
}

export interface RowPlan {
  /** The batch to write. Metadata that came with a picture, and that the collection cannot hold, is left out of it. */
  readonly batch: RowBatch;
  /** Indexes of the rows to write. If a key occurs more than once, only the last valid row with the key is written. */
  readonly accepted: readonly number[];
  readonly failures: readonly RowFailure[];
  /** Metadata keys of the accepted rows that are new in the collection, in the order in which the keys first occur. */
  readonly newColumns: ReadonlyMap<string, MetadataType>;
}

/** Maximum length of a text key, in bytes of UTF-8. */
export const maxKeyBytes = 512;
const maxDimension = 32_768;
const namePattern = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const [minInt64, maxInt64] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Throws `name_invalid` unless all kinds of stores accept the name. */
export function checkCollectionName(name: string): void {
  if (namePattern.test(name)) return;
  const found = JSON.stringify(name).slice(0, 80);
  throw new HeadraceError("name_invalid", `collection ${found}: expected letters, digits and _, at most 64, not starting with a digit`);
}

/** Throws `input_invalid` if the dimension of a new collection is outside the limits. */
export function checkSchema(schema: CollectionSchema): void {
  const { dimension } = schema;
  if (Number.isInteger(dimension) && dimension >= 1 && dimension <= maxDimension) return;
  throw new HeadraceError("input_invalid", `collection: expected a dimension between 1 and ${maxDimension}, found ${dimension}`);
}

/** Returns true if a collection with this key type can contain the key. Look-ups omit all other keys, because they are never stored. */
export function isKeyOf(key: Key, idType: "text" | "int64"): boolean {
  if (typeof key === "bigint") return idType === "int64" && key >= minInt64 && key <= maxInt64;
  return idType === "text" && key !== "" && isWellFormed(key) && Buffer.byteLength(key) <= maxKeyBytes;
}

/** Throws `id_invalid` if a collection with this key type cannot contain the key. */
export function checkKey(id: Key, idType: "text" | "int64"): void {
  if (isKeyOf(id, idType)) return;
  const expected = idType === "int64" ? "a whole number that fits into int64" : `well-formed text of 1 to ${maxKeyBytes} bytes`;
  const found = typeof id === "bigint" ? `the number ${id}` : `the text ${JSON.stringify(id).slice(0, 80)}`;
  const isWrongKind = (typeof id === "bigint") === (idType === "text");
  throw new HeadraceError("id_invalid", `id: expected ${expected}, found ${found}`, {
    item: String(id),
    ...(isWrongKind ? { hint: `The collection has ids of type ${idType}. Choose the type when you create it: --ids, or idType.` } : {}),
  });
}

/**
 * Checks the rows of a batch, and returns which rows to write and which rows fail. Throws `dimension_mismatch` if the vectors of the batch
 * do not have the dimension of the collection.
 */
export function planUpsert(batch: RowBatch, rules: RowRules): RowPlan {
  checkBatch(batch, rules);
  const newColumns = new Map<string, MetadataType>();
  const failures: RowFailure[] = [];
  const lastOfKey = new Map<Key, number>();
  const fitting = [...batch.facts];
  for (const index of byPrecedence(batch.facts)) {
    const id = batch.ids[index]!;
    try {
      checkKey(id, rules.idType);
      checkVector(batch.vectors.subarray(index * rules.dimension, (index + 1) * rules.dimension), rules, String(id));
      fitting[index] = fittingFacts(batch.facts[index]!, rules, newColumns);
      admitMetadata(fitting[index]!, rules, newColumns);
      lastOfKey.set(id, Math.max(index, lastOfKey.get(id) ?? 0));
    } catch (error) {
      failures.push({ index, error: HeadraceError.from(error) });
    }
  }
  failures.sort((a, b) => a.index - b.index);
  return { batch: { ...batch, facts: fitting }, accepted: [...lastOfKey.values()].sort((a, b) => a - b), failures, newColumns };
}

/**
 * Rows in the order in which they decide the types of new columns. A person who gives `taken_at` as a number decides before a file that says
 * when it was taken, wherever both are in the batch.
 */
function byPrecedence(facts: RowBatch["facts"]): readonly number[] {
  const indices = [...facts.keys()];
  const has = ({ metadata }: ImageFacts, key: string) => (metadata[key] ?? null) !== null;
  const contested = pictureKeys.filter((key) =>
    facts.some((row) => has(row, key) && metadataTypeOf(row.metadata[key]) !== pictureTypes[key]),
  );
  if (contested.length === 0) return indices;
  const last = new Set(indices.filter((index) => contested.some((key) => key in splitMetadata(facts[index]!).picture)));
  return [...indices.filter((index) => !last.has(index)), ...last];
}

export function ingestedAtOf({ ingestedAt }: Pick<RowBatch, "ingestedAt">, index: number): number {
  return typeof ingestedAt === "number" ? ingestedAt : ingestedAt[index]!;
}

/** Throws `index_invalid` unless filters can use the column. `keys`: the metadata keys of the collection. */
export function checkIndexColumn(collection: string, column: string, keys: Iterable<string>): void {
  const known = [...keys].sort();
  if (known.includes(column) || (column !== "vector" && builtInColumns.some((name) => name === column))) return;
  const shown = known.length === 0 ? "the rows have no metadata" : `the keys are ${known.slice(0, 20).join(", ")}`;
  const name = JSON.stringify(column).slice(0, 80);
  throw new HeadraceError(
    "index_invalid",
    `collection ${collection}: index on ${name}: expected a key that rows have, found none; ${shown}`,
  );
}

/** Throws `query_invalid` if the query vector or an option of the search is invalid. */
export function checkQuery(
  query: Float32Array,
  { topK, minScore }: Pick<SearchOptions, "topK" | "minScore">,
  rules: Pick<RowRules, "dimension" | "metric">,
): void {
  const invalid = (message: string, hint?: string) =>
    new HeadraceError("query_invalid", `query: ${message}`, hint === undefined ? {} : { hint });
  if (!Number.isInteger(topK) || topK < 1 || topK > 1000)
    throw invalid(`expected topK between 1 and 1000, found ${topK}`, "Set topK to 1 to 1000.");
  if (minScore !== undefined && Number.isNaN(minScore)) throw invalid("expected a number for minScore, found NaN");
  if (query.length !== rules.dimension) throw invalid(`expected ${rules.dimension} numbers, found ${query.length}`);
  if (!query.every(Number.isFinite)) throw invalid("expected finite numbers, found NaN or infinity");
  if (rules.metric !== "l2" && !query.some((value) => value !== 0)) throw invalid("expected a direction, found only zeros");
}

/**
 * Returns the hits with at least `minScore`. `hits` are the `topK` best hits of a search. Filtering these hits gives the same result as a
 * search within a range of scores.
 */
export function nearEnough(hits: readonly Hit[], minScore = Number.NEGATIVE_INFINITY): readonly Hit[] {
  return hits.filter(({ score }) => score >= minScore);
}

/**
 * Returns the score of two vectors: the cosine, the inner product, or the negative squared distance. Computed in float64. A higher score
 * means more similar vectors.
 */
export function scoreOf(metric: Metric, a: Float32Array, b: Float32Array): number {
  // One statement for all four would make the loop three times as slow.
  let dot = 0;
  let normA = 0;
  let normB = 0;
  let squares = 0;
  for (let at = 0; at < a.length; at += 1) {
    const [x, y] = [a[at]!, b[at]!];
    dot += x * y;
    normA += x * x;
    normB += y * y;
    squares += (x - y) * (x - y);
  }
  if (metric === "cosine") return dot / Math.sqrt(normA * normB);
  return metric === "ip" ? dot : -squares;
}

function checkBatch(batch: RowBatch, rules: RowRules): void {
  const rows = batch.ids.length;
  if (batch.dimension !== rules.dimension) {
    throw new HeadraceError("dimension_mismatch", `rows: expected vectors of ${rules.dimension} numbers, found ${batch.dimension}`);
  }
  if (batch.vectors.length !== rows * batch.dimension || batch.facts.length !== rows) {
    const found = `${batch.vectors.length} numbers and ${batch.facts.length} facts`;
    throw new HeadraceError(
      "input_invalid",
      `rows: expected ${rows * batch.dimension} numbers and ${rows} facts for ${rows} ids, found ${found}`,
    );
  }
  if (typeof batch.ingestedAt !== "number" && batch.ingestedAt.length !== rows) {
    throw new HeadraceError("input_invalid", `rows: expected ${rows} moments for ${rows} ids, found ${batch.ingestedAt.length}`);
  }
}

/** Numbers from here on would become infinity. */
const float16Limit = 65_520;
/** Numbers up to this one would become zero. */
const float16Zero = 2 ** -25;

function checkVector(vector: Float32Array, { metric, vectorType }: RowRules, item: string): void {
  const [limit, zero] = vectorType === "float16" ? [float16Limit, float16Zero] : [Number.POSITIVE_INFINITY, 0];
  const fits = isBelow(vector, limit);
  if (fits && (metric !== "cosine" || vector.some((value) => Math.abs(value) > zero))) return;
  const finite = vector.every(Number.isFinite);
  const found = fits ? "only zeros" : finite ? `${Math.max(...vector.map(Math.abs))}, which float16 cannot hold` : "NaN or infinity";
  throw new HeadraceError("vector_invalid", `vector: expected finite numbers, found ${found}`, { item });
}

/** A loop, because `every` takes eight times as long. */
function isBelow(vector: Float32Array, limit: number): boolean {
  for (let at = 0; at < vector.length; at += 1) if (!(Math.abs(vector[at]!) < limit)) return false;
  return true;
}

/** An image is stored even if the collection uses one of its keys for something else, or has no room for more keys. */
function fittingFacts(facts: ImageFacts, rules: RowRules, newColumns: ReadonlyMap<string, MetadataType>): ImageFacts {
  const { metadata } = facts;
  const typeOfColumn = (key: string) => rules.columns.get(key) ?? newColumns.get(key);
  const present = pictureKeys.filter((key) => (metadata[key] ?? null) !== null);
  if (present.length === 0) return facts;
  const added = Object.keys(metadata).filter((key) => typeOfColumn(key) === undefined).length;
  const isFull = rules.columns.size + newColumns.size + added > maxMetadataKeys;
  const unfit = present.filter((key) => {
    const type = typeOfColumn(key);
    return type === undefined ? isFull : type !== metadataTypeOf(metadata[key]) && rules.mixedTypes !== "allowed";
  });
  if (unfit.length === 0) return facts;
  const { picture } = splitMetadata(facts);
  const left = new Set<string>(unfit.filter((key) => key in picture));
  return { ...facts, metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !left.has(key))) };
}

function admitMetadata(facts: ImageFacts, rules: RowRules, newColumns: Map<string, MetadataType>): void {
  checkMetadata(facts.metadata, facts.source);
  const added = new Map<string, MetadataType>();
  for (const [name, value] of givenMetadata(facts.metadata)) {
    const found = metadataTypeOf(value)!;
    const expected = rules.columns.get(name) ?? newColumns.get(name);
    if (expected === undefined) added.set(name, found);
    else if (expected !== found && rules.mixedTypes !== "allowed") {
      throw new HeadraceError("metadata_type", `metadata ${name}: expected ${expected}, found ${found}`, {
        item: facts.source,
        hint: typeHint(name, expected),
      });
    }
  }
  if (added.size > 0 && rules.columns.size + newColumns.size + added.size > maxMetadataKeys) {
    const names = [...added.keys()].join(", ").slice(0, 200);
    throw new HeadraceError(
      "metadata_name",
      `metadata: expected at most ${maxMetadataKeys} keys in a collection, found more with ${names}`,
      {
        item: facts.source,
      },
    );
  }
  for (const [name, type] of added) newColumns.set(name, type);
}

function typeHint(name: string, expected: MetadataType | "other"): string {
  const isOfPictures = pictureKeys.some((key) => key === name && pictureTypes[key] === expected);
  const advice = `Convert this value to ${expected}, or use another key.`;
  if (!isOfPictures)
    return `The first row with "${name}" set the type of its column to ${expected}. ${advice} The type changes only in a new collection.`;
  return `The column "${name}" holds what the files of images say, as ${expected}. ${advice} To give "${name}" another type, fill a new collection with metadata.exif: false.`;
}
