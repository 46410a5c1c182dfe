/** Reads a body of JSON lines into memory. */
import { Readable } from "node:stream";
import type { z } from "zod";
import { mebibyte, textLines } from "../../kit/index.js";
import { Refused } from "../wire/problems.js";
import { checked, parsedJson } from "./validation.js";

export interface LinesOptions {
  readonly line: z.ZodType;
  /** Maximum MiB of the body. */
  readonly maxBodyMb: number;
}

/** Returns the lines that are not empty. Throws `request_invalid` with the number of the line, and `body_too_large`. */
export async function readLines(body: AsyncIterable<Uint8Array>, { line: schema, maxBodyMb }: LinesOptions): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  let number = 0;
  for await (const line of textLines(Readable.from(bounded(body, maxBodyMb)).setEncoding("utf8"))) {
    number += 1;
    if (line.trim() === "") continue;
    const where = `line ${number}`;
    lines.push(checked(schema, parsedJson(line, where), [where]));
  }
  if (lines.length === 0) throw new Refused("request_invalid", "body: expected at least one line, found none.");
  return lines;
}

async function* bounded(chunks: AsyncIterable<Uint8Array>, maxMb: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > maxMb * mebibyte) {
      throw new Refused("body_too_large", `body: expected at most ${maxMb} MiB, found more.`, { headers: { connection: "close" } });
    }
    yield chunk;
  }
}
