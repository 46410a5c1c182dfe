/** Reads the metadata that the file of a picture contains, as the setting `metadata.exif` says. */
import type { Metadata } from "../../contracts/index.js";
import type { Settings } from "../configuration/settings.js";

/** Returns the metadata in a field, or no field if the setting is false. */
export type Describe = (file: Uint8Array) => { readonly pictureMetadata?: Metadata };

export async function describerOf({ metadata: { exif } }: Pick<Settings, "metadata">): Promise<Describe> {
  if (exif === false) return () => ({});
  const { exifDescriber } = await import("../../adapters/exif/index.js");
  const describer = exifDescriber(exif === "all" ? "all" : "usual");
  return (file) => ({ pictureMetadata: describer.describe(file) });
}
