/** Sends a file in two parts, over connections that break and servers that end. */
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import type { Answer, Question } from "./asker.js";

type Ask = (method: string, path: string, question: Question) => Promise<Answer>;

const version = { "tus-resumable": "1.0.0" };

export interface InParts {
  readonly ask: Ask;
  readonly bytes: Buffer;
  /** When the client gives up its first part, and asks how much has arrived. */
  readonly leaveAfterMs: number;
}

/** Returns the id of the complete upload. */
export async function sendInParts({ ask, bytes, leaveAfterMs }: InParts): Promise<string> {
  const path = await created(ask, bytes.length);
  const type = { ...version, "content-type": "application/offset+octet-stream" };
  const first = bytes.subarray(0, Math.floor(bytes.length / 2));
  await ask("PATCH", path, { headers: { ...type, "upload-offset": "0" }, body: first, leaveAfterMs });
  for (;;) {
    const { status, headers } = await ask("HEAD", path, { headers: version });
    const offset = Number(headers?.get("upload-offset"));
    if (status === 200 && offset === bytes.length) return path.split("/").at(-1) ?? "";
    const more = { headers: { ...type, "upload-offset": String(offset) }, body: bytes.subarray(offset) };
    assert.notEqual(status, 404, `${path} is lost`);
    if (status === 200) await ask("PATCH", path, more);
    else await setTimeout(pauseMs);
  }
}

/** An answer that is lost leaves an upload that nobody uses. */
async function created(ask: Ask, lengthBytes: number): Promise<string> {
  for (;;) {
    const { status, headers } = await ask("POST", "/v1/uploads", { headers: { ...version, "upload-length": String(lengthBytes) } });
    const path = headers?.get("location");
    if (status === 201 && typeof path === "string") return path;
    await setTimeout(pauseMs);
  }
}

const pauseMs = 100;
