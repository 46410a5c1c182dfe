/** Copies an object to the disk. After a lost connection it asks for the rest. */
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { type CopiedVersion, type CopyOptions, type CopyTarget, HeadraceError, type ImageRef } from "../../contracts/index.js";
import { backOffMs, checkAborted, withDeadline } from "../../kit/index.js";
import { parseAddress } from "./address.js";
import type { S3Access } from "./client.js";
import { hasChangedMeanwhile, isUnchanged, objectError, tooLate } from "./errors.js";

const backOff = { baseDelayMs: 500, maxDelayMs: 30_000 };

/** An ETag belongs to a content, so the size is not compared. `maxRetries`: after a body that broke off. The client tries requests again by itself. Returns null if the object has the stored version. */
export function copyObject(
  access: S3Access,
  ref: ImageRef,
  target: CopyTarget,
  { storedVersion, timeoutMs, maxRetries }: Omit<CopyOptions, "storedSizeBytes"> & { readonly maxRetries: number },
  signal: AbortSignal,
): Promise<CopiedVersion | null> {
  return withDeadline((limited) => copyPatiently(access, ref, target, { storedVersion, maxRetries }, limited), {
    call: "copying",
    signal,
    timeoutMs,
    late: () => tooLate(ref.uri, "downloads.timeout"),
  });
}

async function copyPatiently(
  access: S3Access,
  ref: ImageRef,
  target: CopyTarget,
  { storedVersion, maxRetries }: { readonly storedVersion: string | null; readonly maxRetries: number },
  signal: AbortSignal,
): Promise<CopiedVersion | null> {
  let begun: string | null = null;
  for (let failures = 1; ; failures++) {
    try {
      const answer = await request(access, ref, { storedVersion, begun, writtenBytes: target.writtenBytes }, signal);
      const isRest = begun !== null && target.writtenBytes > 0;
      if (!isRest) await target.begin(answer.sizeBytes);
      begun = answer.etag;
      for await (const chunk of answer.body) await target.write(chunk as Uint8Array);
      return { version: answer.etag, sizeBytes: target.writtenBytes };
    } catch (cause) {
      checkAborted(signal, "copying");
      if (storedVersion !== null && isUnchanged(cause)) return null;
      const error = objectError(cause, ref.uri);
      const isChanged = begun !== null && hasChangedMeanwhile(cause);
      if (isChanged) begun = null;
      if (!(error.retryable || isChanged) || failures > maxRetries) throw settled(error);
      await delay(Math.random() * backOffMs(backOff, failures), undefined, { signal }).catch(() => checkAborted(signal, "copying"));
    }
  }
}

interface Progress {
  readonly storedVersion: string | null;
  /** The ETag of the object whose first bytes are written. null: nothing is written, or the object has no ETag. */
  readonly begun: string | null;
  readonly writtenBytes: number;
}

async function request({ sdk, client }: S3Access, ref: ImageRef, { storedVersion, begun, writtenBytes }: Progress, signal: AbortSignal) {
  const { bucket, key } = parseAddress(ref.location);
  const rest = begun === null || writtenBytes === 0 ? {} : { Range: `bytes=${writtenBytes}-`, IfMatch: begun };
  const condition = storedVersion === null || "Range" in rest ? {} : { IfNoneMatch: storedVersion };
  const { Body, ContentLength, ETag } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key, ...rest, ...condition }), {
    abortSignal: signal,
  });
  return { body: Body as Readable, sizeBytes: ContentLength ?? null, etag: ETag ?? null };
}

/** The engine must not try again what was tried often enough. */
function settled(error: HeadraceError): HeadraceError {
  return new HeadraceError(error.code, error.message, { ...error.toJSON(), retryable: false, cause: error.cause });
}
