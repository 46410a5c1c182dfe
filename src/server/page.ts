/** The web page of the service: its files are read once, and sent with headers that keep everything else out. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { FastifyInstance, FastifyReply } from "fastify";

interface PageFile {
  readonly path: string;
  readonly mediaType: string;
  readonly data: Buffer;
}

const mediaTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** Nothing but the files of the page runs in it, and it talks to nobody but this server. `blob:` is for pictures that people choose. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Adds `GET /` and the files of the page. A checkout that is not built has no page. */
export function servePage(app: FastifyInstance, folder: string): void {
  for (const { path, mediaType, data } of pageFiles(folder)) {
    const headers = {
      "content-security-policy": policy,
      "cache-control": path === "/" ? "no-cache" : "public, max-age=31536000, immutable",
    };
    app.get(path, (_request, reply): FastifyReply => reply.headers(headers).type(mediaType).send(data));
  }
}

function pageFiles(folder: string): readonly PageFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const mediaType = mediaTypes[extname(name)];
    if (mediaType === undefined) return [];
    return [{ path: name === "index.html" ? "/" : `/${name.replaceAll("\\", "/")}`, mediaType, data: readFileSync(join(folder, name)) }];
  });
}
