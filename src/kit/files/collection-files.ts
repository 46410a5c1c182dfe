/** Shared by all file formats for exported collections: the description of the collection. */
import * as z from "zod";
import type { RowSource } from "../../contracts/index.js";
import { fileInvalid } from "./file-errors.js";

export type CollectionDescription = Pick<RowSource, "dimension" | "metric" | "idType" | "passport">;

const vectors = z.array(z.array(z.number()));
const textProbes = z.object({ label: z.string(), probes: vectors });
const description = z.object({
  format: z.literal(1),
  dimension: z.int().min(1).max(32_768),
  metric: z.enum(["cosine", "ip", "l2"]),
  id_type: z.enum(["text", "int64"]),
  passport: z
    .object({ probes: vectors, labels: z.record(z.string(), z.string()), text: textProbes.optional() })
    .transform(({ text, ...images }) => (text === undefined ? images : { ...images, text }))
    .nullable(),
});

export function describeCollectionFile({ dimension, metric, idType, passport }: CollectionDescription): string {
  return JSON.stringify({ format: 1, dimension, metric, id_type: idType, passport });
}

/** Throws `input_invalid` if the text does not describe a collection. `path` is the file that contains the text. */
export function parseCollectionDescription(text: string, path: string): CollectionDescription {
  try {
    const { dimension, metric, id_type, passport } = description.parse(JSON.parse(text));
    return { dimension, metric, idType: id_type, passport };
  } catch (cause) {
    throw fileInvalid(path, "expected the description of a collection, found other text", cause);
  }
}
