/** Converts rows that Milvus returned into keys, vectors and facts about images. */
import type { ImageFacts, Key, Metadata, MetadataValue, Metric, StoredRow } from "../../contracts/index.js";
import { type CollectionShape, dynamicField, fixedFields } from "./connection/schema.js";

export type RawRow = Readonly<Record<string, unknown>>;

/** The fields to request from Milvus. The list includes the key, because Milvus returns the key only on request. */
export function rowFields(shape: CollectionShape, vectors: "include" | "omit"): string[] {
  return [
    "id",
    ...fixedFields,
    dynamicField,
    ...shape.declared.map(({ name }) => name),
    ...(vectors === "include" ? [shape.vectorField] : []),
  ];
}

/** Maximum number of rows in one query. Limits the vectors in one answer to 16 MB. */
export function rowsPerQuery(shape: CollectionShape, vectors: "include" | "omit"): number {
  return vectors === "omit" ? 5000 : Math.max(1, Math.min(5000, Math.floor(16_000_000 / (shape.dimension * 4))));
}

/** Negates L2 distances, so that a higher score always means a nearer vector. */
export function scoreOf(metric: Metric, score: number): number {
  return metric === "l2" ? 0 - score : score;
}

export function keyOf(raw: RawRow, shape: Pick<CollectionShape, "idType">): Key {
  return shape.idType === "int64" ? BigInt(raw["id"] as string) : String(raw["id"]);
}

export function factsOf(raw: RawRow, shape: CollectionShape): ImageFacts {
  return {
    source: String(raw["source"]),
    root: String(raw["root"]),
    version: String(raw["version"]),
    content: String(raw["content"]),
    metadata: metadataOf(raw, shape),
    metadataHash: String(raw["metadata_hash"]),
    width: Number(raw["width"]),
    height: Number(raw["height"]),
  };
}

export function storedRowOf(raw: RawRow, shape: CollectionShape): StoredRow {
  return { id: keyOf(raw, shape), vector: vectorOf(raw, shape), facts: factsOf(raw, shape), ingestedAt: Number(raw["ingested_at"]) };
}

export function vectorOf(raw: RawRow, shape: CollectionShape): Float32Array | null {
  const vector = raw[shape.vectorField];
  return Array.isArray(vector) ? Float32Array.from(vector as number[]) : null;
}

/** Fields of 32-bit numbers round, and an optional field may have a default value. */
export function inexactKeysOf({ declared }: Pick<CollectionShape, "declared">): ReadonlySet<string> {
  return new Set(declared.filter(({ dataType, presence }) => dataType === "Float" || presence === "optional").map(({ name }) => name));
}

function metadataOf(raw: RawRow, shape: CollectionShape): Metadata {
  const dynamic = Object.entries((raw[dynamicField] ?? {}) as Record<string, MetadataValue>);
  const declared = shape.declared
    .filter(({ name }) => (raw[name] ?? null) !== null)
    .map(({ name, type }) => [name, type === "number" ? Number(raw[name]) : raw[name]] as const);
  return Object.fromEntries([...dynamic, ...declared] as readonly (readonly [string, MetadataValue])[]);
}
