/** A web server of the tests that serves files with ETags and ranges, and can drop connections. */
import { createHash } from "node:crypto";
import { type Handler, type ImageServer, imageServer } from "./image-server.js";

export interface ServedFile {
  bytes: Uint8Array;
  /** Default: an ETag. */
  readonly version?: "etag" | "last-modified" | "none";
  /** Sent instead of an ETag that follows from the bytes. */
  readonly etag?: string;
  /** After so many bytes of an answer, the connection is dropped. Called once for each answer. Default: never. */
  readonly dropAfterBytes?: () => number | null;
  /** Waited for before a connection is dropped. A client loses what it has not read by then. Default: nothing is waited for. */
  readonly beforeDrop?: () => Promise<void>;
  /** After so many bytes, nothing more is sent and the connection stays open. Default: null, never. */
  readonly holdAfterBytes?: number | null;
}

export interface FileServer extends ImageServer {
  /** Number of bytes that were sent of each path. */
  readonly sentBytes: Readonly<Record<string, number>>;
  /** Number of answers with a whole file or a part of it, for each path. */
  readonly sent: Readonly<Record<string, number>>;
}

export async function fileServer(files: Readonly<Record<string, ServedFile>>): Promise<FileServer> {
  const sentBytes: Record<string, number> = {};
  const sent: Record<string, number> = {};
  const serve =
    (path: string, file: ServedFile): Handler =>
    (request, response) => {
      const { bytes, version = "etag", dropAfterBytes } = file;
      const etag = file.etag ?? `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"`;
      if (version === "etag") response.setHeader("etag", etag);
      if (version === "last-modified") response.setHeader("last-modified", "Tue, 01 Jan 2030 00:00:00 GMT");
      if (request.headers["if-none-match"] === etag || request.headers["if-modified-since"] !== undefined) {
        response.writeHead(304).end();
        return;
      }
      if (request.headers.range === "bytes=0-0" && bytes.byteLength > 0) {
        response.writeHead(206, { "content-range": `bytes 0-0/${bytes.byteLength}`, "content-length": 1 }).end(bytes.subarray(0, 1));
        return;
      }
      const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
      const start = asked === null || request.headers["if-range"] !== etag ? 0 : Number(asked[1]);
      if (start > 0) response.setHeader("content-range", `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`);
      response.writeHead(start > 0 ? 206 : 200, { "content-length": bytes.byteLength - start });
      const drop = dropAfterBytes?.() ?? null;
      const hold = file.holdAfterBytes ?? null;
      const end = drop ?? hold;
      const body = bytes.subarray(start, end === null ? undefined : start + end);
      sent[path] = (sent[path] ?? 0) + 1;
      sentBytes[path] = (sentBytes[path] ?? 0) + body.byteLength;
      response.write(body, () => {
        if (drop !== null) void (file.beforeDrop?.() ?? Promise.resolve()).finally(() => response.destroy());
        else if (hold === null) response.end();
      });
    };
  const handlers = Object.entries(files).map(([path, file]) => [path, serve(path, file)] as const);
  const server = await imageServer(Object.fromEntries(handlers));
  return Object.assign(server, { sentBytes, sent });
}
