/** The web page of the service: its files are read once, and sent with headers that keep everything else out. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** A file of the page, as it is sent. */
export interface PageFile {
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

/** A checkout that is not built has no page: then the list is empty. */
export function readPage(folder: string): readonly PageFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const mediaType = mediaTypes[extname(name)];
    if (mediaType === undefined) return [];
    return [{ path: name === "index.html" ? "/" : `/${name.replaceAll("\\", "/")}`, mediaType, data: readFileSync(join(folder, name)) }];
  });
}

/** Adds `GET /` and the files of the page. */
export function servePage(app: FastifyInstance, files: readonly PageFile[]): void {
  for (const file of files) app.get(file.path, (_request, reply) => send(file, reply));
}

/** Answers a person who opens an unknown address in a browser: with the page, which says so. Returns null for other requests. */
export function answerWithPage(files: readonly PageFile[], request: FastifyRequest, reply: FastifyReply): FastifyReply | null {
  const page = files.find(({ path }) => path === "/");
  return page !== undefined && isOpenedByPerson(request) ? send(page, reply.code(404)) : null;
}

function send({ path, mediaType, data }: PageFile, reply: FastifyReply): FastifyReply {
  const headers = {
    "content-security-policy": policy,
    "cache-control": path === "/" ? "no-cache" : "public, max-age=31536000, immutable",
  };
  return reply.headers(headers).type(mediaType).send(data);
}

/** Clients of the API do not ask for HTML. Below its paths, people who try it see its own answers. */
function isOpenedByPerson({ method, url, headers: { accept = "" } }: FastifyRequest): boolean {
  return method === "GET" && accept.includes("text/html") && !/^\/(v1|health)(\/|$)/.test(url);
}
