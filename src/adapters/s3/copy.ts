/** Copies an object to the disk. After a lost connection it asks for the rest. */
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { type CopiedVersion, type CopyOptions, type CopyTarget, HeadraceError, type ImageRef } from "../../contracts/index.js";
import { backOffMs, checkAborted, withDeadline } from "../../kit/index.js";
import { parseAddress } from "./address.js";
import type { S3Access } from "./client.js";
import { brokenOff, hasChangedMeanwhile, isUnchanged, objectError, tooLate } from "./errors.js";

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
  let begun: Begun | null = null;
  let failures = 0;
  let furthest = 0;
  for (;;) {
    try {
      const answer = await request(access, ref, { storedVersion, begun, writtenBytes: target.writtenBytes }, signal);
      if (!isRest(answer, target, begun)) {
        begun = null;
        if (answer.status === 206) {
          answer.body.destroy();
          throw brokenOff(ref.uri, `the rest from byte ${target.writtenBytes}, found ${answer.range ?? "another part"}`);
        }
        await target.begin(answer.sizeBytes);
        begun = { etag: answer.etag, sizeBytes: answer.sizeBytes };
      }
      for await (const chunk of answer.body) await target.write(chunk as Uint8Array);
      const { etag, sizeBytes }: Begun = begun ?? { etag: answer.etag, sizeBytes: null };
      if (sizeBytes !== null && target.writtenBytes !== sizeBytes) {
        throw brokenOff(ref.uri, `${sizeBytes} bytes, found the end after ${target.writtenBytes}`);
      }
      return { version: etag, sizeBytes: target.writtenBytes };
    } catch (cause) {
      checkAborted(signal, "copying");
      if (storedVersion !== null && isUnchanged(cause)) return null;
      const error = objectError(cause, ref.uri);
      const isChanged = begun !== null && hasChangedMeanwhile(cause);
      if (isChanged) begun = null;
      // A large file may break off more often, as long as each part brings something.
      failures = target.writtenBytes > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, target.writtenBytes);
      if (!(error.retryable || isChanged) || failures > maxRetries) throw settled(error);
      await delay(Math.random() * backOffMs(backOff, failures), undefined, { signal }).catch(() => checkAborted(signal, "copying"));
    }
  }
}

/** The object whose first bytes are written. */
interface Begun {
  /** null: the object has none, so its rest cannot be asked for. */
  readonly etag: string | null;
  readonly sizeBytes: number | null;
}

interface Progress {
  readonly storedVersion: string | null;
  /** null: nothing is written. */
  readonly begun: Begun | null;
  readonly writtenBytes: number;
}

interface Answer {
  readonly body: Readable;
  readonly status: number | undefined;
  readonly range: string | undefined;
  readonly sizeBytes: number | null;
  readonly etag: string | null;
}

async function request(
  { sdk, client }: S3Access,
  ref: ImageRef,
  { storedVersion, begun, writtenBytes }: Progress,
  signal: AbortSignal,
): Promise<Answer> {
  const { bucket, key } = parseAddress(ref.location);
  const hasRest = begun !== null && writtenBytes > 0 && (begun.sizeBytes === null || writtenBytes < begun.sizeBytes);
  const rest = hasRest && begun.etag !== null ? { Range: `bytes=${writtenBytes}-`, IfMatch: begun.etag } : {};
  const condition = storedVersion === null || "Range" in rest ? {} : { IfNoneMatch: storedVersion };
  const answer = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key, ...rest, ...condition }), { abortSignal: signal });
  return {
    body: answer.Body as Readable,
    status: answer.$metadata.httpStatusCode,
    range: answer.ContentRange,
    sizeBytes: answer.ContentLength ?? null,
    etag: answer.ETag ?? null,
  };
}

/** Some servers and proxies ignore that only a part was asked for, and send the whole object. */
function isRest({ status, range }: Answer, { writtenBytes }: CopyTarget, begun: Begun | null): boolean {
  return begun !== null && writtenBytes > 0 && status === 206 && range?.startsWith(`bytes ${writtenBytes}-`) === true;
}

/** The engine must not try again what was tried often enough. */
function settled(error: HeadraceError): HeadraceError {
  return new HeadraceError(error.code, error.message, { ...error.toJSON(), retryable: false, cause: error.cause });
}
