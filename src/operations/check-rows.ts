/** Finds stored rows that cannot be right, without their images. */
import type { Collection, StoredRow } from "../contracts/index.js";
import { metadataHash, splitMetadata, vectorProblem } from "../kit/index.js";

/**
 * Returns what is wrong with a row; null if nothing is. Metadata is not compared with its hash if the store does not give it back as it was
 * written.
 */
export function damageOf(
  { vector, facts }: StoredRow,
  { dimension, inexactKeys }: Pick<Collection, "dimension" | "inexactKeys">,
): string | null {
  const problem = vectorProblem(vector, dimension);
  if (problem !== null) return problem;
  if (inexactKeys !== undefined && Object.keys(facts.metadata).some((key) => inexactKeys.has(key))) return null;
  if (facts.metadataHash !== "" && facts.metadataHash !== metadataHash(splitMetadata(facts).given))
    return "the metadata is not what was written";
  return null;
}
