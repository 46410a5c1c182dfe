/** Reads a multipart body into memory, within the limits of the server. */
import type { FastifyRequest } from "fastify";
import type { Settings } from "../app/index.js";
import { mebibyte } from "../kit/index.js";
import { Refused } from "./problems.js";
import type { Form, UploadedFile } from "./route.js";

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
