/** What is known of a file that arrives in parts. It is replaced on disk as a whole, so a crash leaves the old record or the new one. */
import { readFile } from "node:fs/promises";
import { StagedFiles } from "../../kit/index.js";

export interface UploadRecord {
  readonly id: string;
  /** Name of the API key that began the upload; empty without API keys. */
  readonly client: string;
  readonly lengthBytes: number;
  /** How many bytes are on disk for certain, from the beginning of the file. */
  readonly offsetBytes: number;
  /** What the client has said of the file: the header `Upload-Metadata` as it came. */
  readonly metadata: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** When the upload is deleted if nobody continues or uses it. ISO 8601, UTC. */
  readonly expiresAt: string;
}

/** The number of the record's format. */
const version = 1;
const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a text can be the id of an upload. Only such a text becomes a part of a path. */
export function isUploadId(text: string): boolean {
  return idPattern.test(text);
}

export async function writeRecord(path: string, record: UploadRecord): Promise<void> {
  const files = await StagedFiles.create([path]);
  try {
    await files.append(path, `${JSON.stringify({ version, ...record })}\n`);
    await files.place();
  } finally {
    await files.discard();
  }
}

/** Returns "damaged" also for a record of another version. */
export async function readRecord(path: string): Promise<UploadRecord | "none" | "damaged"> {
  try {
    const { version: found, ...record } = JSON.parse(await readFile(path, "utf8")) as UploadRecord & { readonly version: number };
    return found === version && isRecord(record) ? record : "damaged";
  } catch (error) {
    if (error instanceof SyntaxError) return "damaged";
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "none";
    throw error;
  }
}

function isRecord({ id, client, lengthBytes, offsetBytes, metadata, createdAt, expiresAt }: UploadRecord): boolean {
  const texts = [id, client, metadata, createdAt, expiresAt].every((value) => typeof value === "string");
  const isInside = Number.isSafeInteger(offsetBytes) && Number.isSafeInteger(lengthBytes) && offsetBytes >= 0 && offsetBytes <= lengthBytes;
  return texts && isInside && isUploadId(id) && !Number.isNaN(Date.parse(expiresAt));
}
