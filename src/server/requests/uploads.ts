/** Reads the bodies of uploads: into memory within the limits of the server, or as they arrive. */
import { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import type { Settings } from "../../app/index.js";
import { mebibyte } from "../../kit/index.js";
import { Refused } from "../wire/problems.js";
import type { Form, Incoming, IncomingPart, UploadedFile } from "./route.js";

/** Throws `body_too_large` when all files together are above the limit, and `multipart_invalid` for an incomplete body. */
export async function readForm(request: FastifyRequest, { maxBodyMb, maxImages }: Settings["server"]): Promise<Form> {
  const maxBytes = maxBodyMb * mebibyte;
  const limits = { fileSize: maxBytes, files: maxImages, fields: 16, fieldSize: mebibyte, parts: maxImages + 16, headerPairs: 32 };
  const files: UploadedFile[] = [];
  const fields = new Map<string, string>();
  let total = 0;
  for await (const part of request.parts({ limits })) {
    if (part.type === "field") {
      if (part.valueTruncated || part.fieldnameTruncated)
        throw new Refused("body_too_large", "fields: expected at most 1 MiB each, found more.");
      if (fields.has(part.fieldname)) throw repeatedField();
      fields.set(part.fieldname, String(part.value));
      continue;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of part.file as AsyncIterable<Buffer>) {
      total += chunk.byteLength;
      if (total > maxBytes)
        throw new Refused("body_too_large", `body: expected at most ${maxBodyMb} MiB, found more.`, { headers: { connection: "close" } });
      chunks.push(chunk);
    }
    files.push({ bytes: Buffer.concat(chunks) });
  }
  return { files, fields: Object.fromEntries(fields) };
}

export interface IncomingOptions {
  readonly settings: Settings;
  /** The names of the text fields that a multipart body can have. */
  readonly fields: readonly string[];
}

/** Returns a body that must be read as it arrives; null for any other. */
export function incomingOf(request: FastifyRequest, options: IncomingOptions): Incoming | null {
  if (request.body instanceof Readable) return { kind: "lines", chunks: request.body };
  return request.isMultipart() ? { kind: "parts", parts: partsOf(request, options) } : null;
}

async function* partsOf(request: FastifyRequest, { settings, fields }: IncomingOptions): AsyncGenerator<IncomingPart> {
  const limits = {
    fileSize: settings.preprocess.maxFileMb * mebibyte,
    files: maxFiles,
    // Fields are kept in memory.
    fields: fields.length,
    parts: maxFiles,
    fieldSize: 16 * mebibyte,
    headerPairs: 32,
  };
  const left = new Set(fields);
  for await (const part of request.parts({ limits })) {
    if (part.type === "field") {
      if (!fields.includes(part.fieldname)) throw unknownField(fields);
      if (part.valueTruncated || part.fieldnameTruncated)
        throw new Refused("body_too_large", "fields: expected at most 16 MiB each, found more.");
      if (!left.delete(part.fieldname)) throw repeatedField();
      yield { kind: "field", name: part.fieldname, value: String(part.value) };
    } else yield { kind: "file", chunks: part.file };
  }
}

/** The rest of the body is not read. */
function unknownField(fields: readonly string[]): Refused {
  const detail = `fields: expected only ${fields.join(", ")}, found another name.`;
  return new Refused("request_invalid", detail, { headers: { connection: "close" } });
}

/** The rest of the body is not read. */
function repeatedField(): Refused {
  return new Refused("request_invalid", "fields: expected each at most once, found one twice.", { headers: { connection: "close" } });
}

/** Only the bytes of a job's images are limited. */
const maxFiles = 10_000_000;
