/** Shared by all file formats for exported collections: the description of the collection, and errors that name the file. */
import { open } from "node:fs/promises";
import { z } from "zod";
import { HeadraceError, type RowSource } from "../contracts/index.js";

export type CollectionDescription = Pick<RowSource, "dimension" | "metric" | "idType" | "passport">;

const description = z.object({
  format: z.literal(1),
  dimension: z.int().min(1).max(32_768),
  metric: z.enum(["cosine", "ip", "l2"]),
  id_type: z.enum(["text", "int64"]),
  passport: z.object({ probes: z.array(z.array(z.number())), labels: z.record(z.string(), z.string()) }).nullable(),
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

/** Creates the error for a file with invalid content. */
export function fileInvalid(path: string, what: string, cause?: unknown): HeadraceError {
  return new HeadraceError("input_invalid", `${path}: ${what}.`, { item: path, cause });
}

/** Converts an error of the file system to a `HeadraceError`. */
export function fileError(cause: unknown, path: string, doing: "read" | "written"): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return new HeadraceError("disk_full", `${path}: ${message}.`, { item: path, cause });
  if (doing === "written") return new HeadraceError("state_unwritable", `${path} cannot be written: ${message}.`, { item: path, cause });
  return new HeadraceError("input_invalid", `${path} cannot be read: ${message}.`, { item: path, cause });
}

/** Returns true if the file starts with the magic bytes of a format. Throws `input_invalid` if the file cannot be read. */
export async function beginsWith(path: string, magic: string): Promise<boolean> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0);
      return buffer.toString("latin1", 0, bytesRead) === magic;
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw fileError(cause, path, "read");
  }
}
