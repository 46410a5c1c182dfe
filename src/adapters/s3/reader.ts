/** Reads objects of S3, and copies larger ones. The ETag of an object is its version, so a known object is not sent. */
import type { Readable } from "node:stream";
import { type Encoded, HeadraceError, type ImageRef, type Reader, type ReadOptions } from "../../contracts/index.js";
import { checkAborted } from "../../kit/index.js";
import { parseAddress } from "./address.js";
import { openS3, type S3Access } from "./client.js";
import { copyObject } from "./copy.js";
import { isAnswer, isUnchanged, objectError } from "./errors.js";
import { type S3Settings, s3Section } from "./options.js";

/** Makes a reader for the scheme `s3`. The AWS client is loaded when the first object is read. */
export function s3Reader(options: Partial<S3Settings> = {}): Reader {
  const settings = s3Section.parse(options);
  let access: Promise<S3Access> | null = null;
  const open = (): Promise<S3Access> => {
    access ??= openS3(settings);
    return access;
  };
  return {
    name: "s3",
    schemes: ["s3"],
    async read(ref, options, signal) {
      const read = await fetchObject(await open(), ref, { ...options, storedVersion: null }, signal);
      if (read !== null) return read;
      throw unaskedFor(ref);
    },
    async readIfChanged(ref, wanted, signal) {
      return fetchObject(await open(), ref, wanted, signal);
    },
    async copy(ref, target, wanted, signal) {
      return copyObject(await open(), ref, target, { ...wanted, maxRetries: settings.maxRetries }, signal);
    },
    async checkOrigin(ref, signal) {
      await checkBucket(await open(), ref, signal);
    },
    async close() {
      const opened = await access?.catch(() => null);
      opened?.client.destroy();
      access = null;
    },
  };
}

interface Wanted extends ReadOptions {
  readonly storedVersion: string | null;
}

async function fetchObject({ sdk, client }: S3Access, ref: ImageRef, wanted: Wanted, signal: AbortSignal): Promise<Encoded | null> {
  checkAborted(signal, "reading");
  const { bucket, key } = parseAddress(ref.location);
  const condition = wanted.storedVersion === null ? {} : { IfNoneMatch: wanted.storedVersion };
  try {
    const { Body, ContentLength, ETag } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key, ...condition }), {
      abortSignal: signal,
    });
    const body = Body as Readable;
    if ((ContentLength ?? 0) > wanted.maxBytes) {
      body.destroy();
      throw tooLarge(ref, wanted.maxBytes, String(ContentLength));
    }
    await admitted(body, wanted.admit?.(ContentLength ?? wanted.maxBytes));
    return { bytes: await collected(body, ref, wanted.maxBytes), version: ETag ?? null };
  } catch (cause) {
    checkAborted(signal, "reading");
    if (wanted.storedVersion !== null && isUnchanged(cause)) return null;
    throw objectError(cause, ref.uri);
  }
}

/** Waits until there is memory for the object. If it is not to be read after all, closes the connection. */
async function admitted(body: Readable, wait: Promise<void> | undefined): Promise<void> {
  // The connection may break while nobody reads from it. Reading then finds the error.
  body.on("error", () => {});
  try {
    await wait;
  } catch (error) {
    body.destroy();
    throw error;
  }
}

async function checkBucket({ sdk, client }: S3Access, ref: ImageRef, signal: AbortSignal): Promise<void> {
  const { bucket, key } = parseAddress(ref.location);
  try {
    await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
  } catch (cause) {
    checkAborted(signal, "reading");
    if (!isAnswer(cause)) throw objectError(cause, ref.uri);
  }
}

async function collected(body: Readable, ref: ImageRef, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(ref, maxBytes, "more");
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let filled = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return bytes;
}

function unaskedFor({ uri }: ImageRef): HeadraceError {
  return new HeadraceError("source_unreadable", `${uri}: expected the object, found status 304 although no version was sent`, {
    item: uri,
  });
}

function tooLarge({ uri }: ImageRef, maxBytes: number, found: string): HeadraceError {
  return new HeadraceError("source_too_large", `${uri}: expected at most ${maxBytes} bytes, found ${found}`, { item: uri });
}
