/** Requests that are made to hurt a server: small ones that ask for much memory, time, disk or many connections. */
import { connect } from "node:net";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { gzipSync } from "node:zlib";

import { tarOf } from "../support/archives.js";

/** Where the requests go, and as whom. */
export interface Target {
  readonly url: string;
  readonly key: string;
  /** A web server of `hostileWeb`. */
  readonly webUrl: string;
  /** A stored image that the server has kept. */
  readonly storedId: string;
  /** Ends each request. */
  readonly signal: AbortSignal;
}

/** The status of the answer, or what ended the request. */
export type Ending = number | "closed" | "left";

type Attack = (target: Target, seq: number) => Promise<Ending>;

const collection = "/v1/collections/photos";

/** Each kind has a name that says how it hurts. */
export const attacks: Readonly<Record<string, Attack>> = {
  "a job with a billion URLs": (target) => json(target, "/v1/jobs", jobOf("https://192.0.2.1/{0..999999999}.jpg")),
  "a job with two ranges in one URL": (target) => json(target, "/v1/jobs", jobOf("https://192.0.2.1/{0..999999}/{0..999999}.jpg")),
  "a job with a pattern of many wildcards": (target) => json(target, "/v1/jobs", jobOf(`${"*?".repeat(40)}Z`)),
  "a search with 16 large pictures": (target) =>
    json(target, `${collection}/search`, { mix: Array.from({ length: 16 }, () => ({ url: `${target.webUrl}/huge` })) }),
  "a search for a picture without an end": (target) => json(target, `${collection}/search`, { url: `${target.webUrl}/endless` }),
  "32 pictures that inflate": (target) => json(target, "/v1/embed", imagesOf(32, { url: `${target.webUrl}/inflating` })),
  "a picture that comes by the byte": (target) => json(target, `${collection}/search`, { url: `${target.webUrl}/drops` }),
  "a picture that never comes": (target) => json(target, "/v1/embed", imagesOf(8, { url: `${target.webUrl}/silent` })),
  "100 pictures that promise 256 million pixels": (target) => json(target, "/v1/embed", imagesOf(100, { base64: hugeBmp })),
  "a search for 256 million pixels": (target) => json(target, `${collection}/search`, { base64: hugeBmp }),
  "a small picture of an archive that comes by the byte": (target) =>
    sent(target, "GET", `/v1/thumbnail?source=${encodeURIComponent(`zip+${target.webUrl}/slow.zip#a.jpg`)}`),
  "a small picture that never comes": (target) =>
    sent(target, "GET", `/v1/thumbnail?source=${encodeURIComponent(`${target.webUrl}/silent`)}`),
  "a small picture of somebody's bucket": (target) =>
    sent(target, "GET", `/v1/thumbnail?source=${encodeURIComponent("s3://another-bucket/a.jpg")}`),
  "a job with 300 large fields": (target) => form(target, "/v1/jobs", 300),
  "an insertion that is left, and will be sent again": async (target, seq) => {
    const left = AbortSignal.any([target.signal, AbortSignal.timeout(50)]);
    return json({ ...target, signal: left }, `${collection}/images`, threeLargeImages, { "idempotency-key": `left-${seq}` });
  },
  "the reference": (target) => sent(target, "GET", "/docs"),
  "the description": (target) => sent(target, "GET", "/openapi.json"),
  "a stream of the events of a job that takes for ever": async (target) => {
    const init = { method: "POST", headers: { ...bearer(target), "content-type": "application/json" }, signal: target.signal };
    const job = await fetch(`${target.url}/v1/jobs`, { ...init, body: JSON.stringify(jobOf(`${target.webUrl}/drops`)) });
    const { id } = (await job.json()) as { readonly id?: string };
    return id === undefined ? job.status : sent(target, "GET", `/v1/jobs/${id}/events`);
  },
  "an original that is not read": (target) =>
    unread(target, `GET ${collection}/images/${target.storedId}/original HTTP/1.1\r\nHost: localhost\r\n${authorization(target)}\r\n`),
  "a body that comes by the byte": (target) =>
    unread(
      target,
      `POST ${collection}/images HTTP/1.1\r\nHost: localhost\r\n${authorization(target)}Content-Type: application/json\r\nContent-Length: 60000000\r\n\r\n{`,
    ),
  "a hundred uploads that are begun and left": async (target) => {
    const headers = { "tus-resumable": "1.0.0", "upload-length": String(2 ** 20) };
    for (let seq = 1; seq < 100; seq += 1) await sent(target, "POST", "/v1/uploads", headers);
    return sent(target, "POST", "/v1/uploads", headers);
  },
  "an upload of as much as there is room": (target) =>
    sent(target, "POST", "/v1/uploads", { "tus-resumable": "1.0.0", "upload-length": String(10_240 * 2 ** 20) }),
  "a part that comes by the byte": async (target) => {
    const path = await begunUpload(target);
    return unread(target, partHead(target, path, 2 ** 20));
  },
  "an archive that inflates": async (target) => {
    const path = await begunUpload(target, inflatingArchive.length);
    const type = { "content-type": "application/offset+octet-stream", "upload-offset": "0", "tus-resumable": "1.0.0" };
    await sent(target, "PATCH", path, type, inflatingArchive);
    return json(target, "/v1/jobs", { collection: "photos", images: [{ upload: path.split("/").at(-1) }] });
  },
  "a filter of 50,000 brackets": (target) => json(target, `${collection}/search`, { id: target.storedId, filter: "(".repeat(50_000) }),
  "a text of 100,000 brackets": (target) =>
    sent(target, "POST", `${collection}/search`, { "content-type": "application/json" }, "[".repeat(100_000)),
  "a thousand hits of a stored image": (target) => json(target, `${collection}/search`, { id: target.storedId, top_k: 1_000 }),
  "a hundred images of one byte": (target) => json(target, `${collection}/images`, imagesOf(100, { base64: "AA==" })),
};

const threeLargeImages = JSON.stringify(imagesOf(3, { base64: Buffer.alloc(8 * 2 ** 20).toString("base64") }));

/** A picture of 300 MB of zeros in some hundred kB. */
const inflatingArchive = gzipSync(tarOf([{ name: "a.bmp", bytes: Buffer.alloc(300 * 2 ** 20) }]));

const hugeBmp = bmpOf(16_000, 16_000).toString("base64");

function bmpOf(width: number, height: number): Buffer {
  const header = Buffer.alloc(54 + 1024);
  header.write("BM", 0, "latin1");
  header.writeUInt32LE(header.length, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(8, 28);
  header.writeUInt32LE(1, 30);
  return Buffer.concat([header, Buffer.from([0, 1])]);
}

function jobOf(source: string): object {
  return { collection: "photos", sources: [source] };
}

function imagesOf(count: number, image: object): object {
  return { images: Array.from({ length: count }, () => image) };
}

function bearer({ key }: Target): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

function authorization({ key }: Target): string {
  return `Authorization: Bearer ${key}\r\n`;
}

/** Returns its path, or one of no upload when none can be begun. */
async function begunUpload(target: Target, lengthBytes = 2 ** 20): Promise<string> {
  const headers = { ...bearer(target), "tus-resumable": "1.0.0", "upload-length": String(lengthBytes) };
  const answer = await fetch(`${target.url}/v1/uploads`, { method: "POST", headers, signal: target.signal }).catch(() => null);
  return answer?.headers.get("location") ?? "/v1/uploads/4f2c1f7e-3f0a-4f0e-9d7a-0a2f6c1b8e55";
}

function partHead(target: Target, path: string, lengthBytes: number): string {
  const lines = [
    "Tus-Resumable: 1.0.0",
    "Upload-Offset: 0",
    "Content-Type: application/offset+octet-stream",
    `Content-Length: ${lengthBytes}`,
  ];
  return `PATCH ${path} HTTP/1.1\r\nHost: localhost\r\n${authorization(target)}${lines.join("\r\n")}\r\n\r\nx`;
}

function json(target: Target, path: string, body: object | string, headers: Record<string, string> = {}): Promise<Ending> {
  return sent(
    target,
    "POST",
    path,
    { "content-type": "application/json", ...headers },
    typeof body === "string" ? body : JSON.stringify(body),
  );
}

function form(target: Target, path: string, fields: number): Promise<Ending> {
  const field = Buffer.from(`--b\r\ncontent-disposition: form-data; name="field"\r\n\r\n${"x".repeat(2 ** 20)}\r\n`);
  const body = Readable.toWeb(Readable.from(Array.from({ length: fields }, () => field))) as ReadableStream;
  return sent(target, "POST", path, { "content-type": "multipart/form-data; boundary=b" }, body);
}

async function sent(
  target: Target,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | ReadableStream | Buffer,
): Promise<Ending> {
  try {
    const init = {
      method,
      headers: { ...bearer(target), ...headers },
      signal: target.signal,
      ...(body !== undefined && { body, duplex: "half" as const }),
    };
    const answer = await fetch(`${target.url}${path}`, init);
    await answer.arrayBuffer();
    return answer.status;
  } catch (error) {
    const isOurs = error instanceof DOMException;
    if (!isOurs && !(error instanceof TypeError)) throw error;
    return isOurs ? "left" : "closed";
  }
}

/** Sends `text` and reads nothing, until the signal or the server ends it. */
function unread({ url, signal }: Target, text: string): Promise<Ending> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text));
    const leave = (): void => {
      socket.destroy();
      resolve("left");
    };
    signal.addEventListener("abort", leave, { once: true });
    socket.pause();
    socket.once("error", () => resolve("closed"));
    socket.once("close", () => resolve("closed"));
  });
}
