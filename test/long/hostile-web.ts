/** A web server on loopback whose pictures are made to hurt who reads them. */
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { type ImageServer, imageServer } from "../sources/image-server.js";

const mebibyte = 2 ** 20;

/** Paths: `/endless`, `/huge` (250 MiB), `/inflating` (zeros by gzip), `/drops` (a byte a second), `/silent`, `/slow.zip`. */
export function hostileWeb(): Promise<ImageServer> {
  const zeros = Buffer.alloc(mebibyte);
  const inflating = gzipSync(Buffer.alloc(200 * mebibyte), { level: 9 });
  const mebibytes = (response: ServerResponse, count: number): void => {
    if (count === 0 || response.destroyed) return void response.end();
    response.write(zeros, () => mebibytes(response, count - 1));
  };
  const drops = (response: ServerResponse): void => {
    const timer = setInterval(() => response.write("\0"), 1_000);
    response.once("close", () => clearInterval(timer));
  };
  return imageServer({
    "/endless": (_, response) => mebibytes(response.writeHead(200), Number.POSITIVE_INFINITY),
    "/huge": (_, response) => mebibytes(response.writeHead(200, { "content-length": 250 * mebibyte }), 250),
    "/inflating": (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(inflating),
    "/drops": (_, response) => drops(response.writeHead(200)),
    "/silent": () => undefined,
    "/slow.zip": (_, response) => drops(response.writeHead(200, { "content-length": 20 * 1024 * mebibyte })),
  });
}
