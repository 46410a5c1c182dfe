/** The memory of metadata. */
import type { Metadata } from "../../contracts/index.js";

/** Returns the memory of the texts in bytes, at two bytes a character. Other values are small and count nothing. */
export function metadataBytes(metadata: Metadata): number {
  let characters = 0;
  for (const name in metadata) {
    const value = metadata[name];
    if (typeof value === "string") characters += value.length;
  }
  return 2 * characters;
}
