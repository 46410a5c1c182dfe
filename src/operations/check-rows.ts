/** Finds stored rows that cannot be right, without their images. */
import type { Collection, StoredRow } from "../contracts/index.js";
import { metadataHash } from "../kit/index.js";

/** Returns what is wrong with a row; null if nothing is. */
export function damageOf({ vector, facts }: StoredRow, { dimension }: Pick<Collection, "dimension">): string | null {
  if (vector === null || vector.length !== dimension) return `the vector has ${vector?.length ?? 0} numbers instead of ${dimension}`;
  if (vector.some((value) => !Number.isFinite(value))) return "the vector contains NaN or infinity";
  if (vector.every((value) => value === 0)) return "the vector contains only zeros";
  if (facts.metadataHash !== "" && facts.metadataHash !== metadataHash(facts.metadata)) return "the metadata is not what was written";
  return null;
}
