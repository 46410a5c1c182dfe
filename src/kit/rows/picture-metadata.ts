/** Tells the metadata that a person has given from the metadata that the file of the picture contains. */
import type { ImageFacts, Metadata } from "../../contracts/index.js";
import { type MetadataType, metadataHash } from "./metadata.js";

/**
 * The metadata keys that the file of a picture can fill, with the types of their values. A person may give the same keys, and what is given wins. Only what is given counts for
 * the metadata hash, because no listing knows what the files contain.
 */
export const pictureTypes = {
  taken_at: "text",
  latitude: "number",
  longitude: "number",
  camera: "text",
  lens: "text",
  exposure_time: "number",
  f_number: "number",
  iso: "number",
  focal_length: "number",
  title: "text",
  description: "text",
  keywords: "text",
  rating: "number",
} as const satisfies Record<string, MetadataType>;

export const pictureKeys = Object.keys(pictureTypes) as readonly (keyof typeof pictureTypes)[];

/** A row with more of these keys that a person gave, beside others that came with the picture, counts as given as a whole. */
const maxGivenKeys = 4;

export interface SplitMetadata {
  /** What a person has given, labels, and marks. */
  readonly given: Metadata;
  /** What came with the picture. */
  readonly picture: Metadata;
}

/**
 * Finds the part of the metadata whose hash is the stored one. Rows that another program has written may have any hash: all their metadata
 * count as given.
 */
export function splitMetadata({ metadata, metadataHash: stored }: Pick<ImageFacts, "metadata" | "metadataHash">): SplitMetadata {
  const present = pictureKeys.filter((key) => (metadata[key] ?? null) !== null);
  if (present.length === 0 || metadataHash(metadata) === stored) return { given: metadata, picture: {} };
  for (let size = 0; size <= Math.min(maxGivenKeys, present.length - 1); size += 1) {
    for (const own of selections(present, size)) {
      const isPicture = (key: string) => present.some((name) => name === key) && !own.includes(key);
      const given = picked(metadata, (key) => !isPicture(key));
      if (metadataHash(given) === stored) return { given, picture: picked(metadata, isPicture) };
    }
  }
  return { given: metadata, picture: {} };
}

/** Returns the metadata of a row whose picture contains `picture`. What a person has given wins, also null for "no value". */
export function withPictureMetadata(facts: Pick<ImageFacts, "metadata" | "metadataHash">, picture: Metadata): Metadata {
  return { ...picture, ...splitMetadata(facts).given };
}

function picked(metadata: Metadata, isWanted: (key: string) => boolean): Metadata {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => isWanted(key)));
}

function* selections(keys: readonly string[], size: number): Generator<readonly string[]> {
  if (size === 0) yield [];
  for (let first = 0; size > 0 && first < keys.length; first += 1) {
    for (const rest of selections(keys.slice(first + 1), size - 1)) yield [keys[first]!, ...rest];
  }
}
