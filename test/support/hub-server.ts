/** A server that answers as a model hub does: it lists the files of a commit, and sends large files from another server, in ranges. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** Files of this size and larger are sent by the second server, as Git LFS files are. */
const lfsBytes = 50_000;

export interface HubRequest {
  readonly from: "hub" | "content";
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

interface ServedFile {
  readonly path: string;
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly gitSha: string;
}

interface ServedModel {
  commit: string;
  files: readonly ServedFile[];
}

export class HubServer {
  readonly requests: HubRequest[] = [];
  /** Bytes of files that were sent. */
  sentBytes = 0;
  /** Without it, models need no token. */
  token: string | null = null;
  /** Each answer with a large file ends after so many bytes. */
  cutAfterBytes = Number.POSITIVE_INFINITY;
  /** So many of the next requests are answered with 429. */
  refusals = 0;
  /** Changes what the list of files says. */
  changeListing: (siblings: readonly object[]) => readonly object[] = (siblings) => siblings;
  /** Files of these paths are sent with a changed byte. */
  readonly damaged = new Set<string>();
  readonly #models = new Map<string, ServedModel>();
  readonly #servers: Server[] = [];
  #contentUrl = "";

  private constructor(readonly url: string) {}

  static async start(): Promise<HubServer> {
    const [hub, content] = [createServer(), createServer()];
    for (const server of [hub, content]) await once(server.listen(0, "127.0.0.1"), "listening");
    const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const started = new HubServer(urlOf(hub));
    started.#contentUrl = urlOf(content);
    started.#servers.push(hub, content);
    hub.on("request", (request, response) => void started.#answer("hub", request, response));
    content.on("request", (request, response) => void started.#answer("content", request, response));
    return started;
  }

  /** Serves the files of a folder as the newest commit of `repository`. Returns the commit. */
  async publish(repository: string, folder: string): Promise<string> {
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    const files: ServedFile[] = [];
    for (const entry of names.filter((each) => each.isFile())) {
      const file = join(entry.parentPath, entry.name);
      files.push({ path: file.slice(folder.length + 1).replaceAll("\\", "/"), file, ...(await sumsOf(file)) });
    }
    const commit = randomBytes(20).toString("hex");
    this.#models.set(repository, { commit, files });
    return commit;
  }

  forget(): void {
    this.requests.length = 0;
    this.sentBytes = 0;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
  }

  async #answer(from: HubRequest["from"], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", this.url);
    const { authorization, range } = request.headers;
    this.requests.push({ from, method: request.method ?? "", path: pathname, authorization, range });
    if (this.refusals > 0) {
      this.refusals -= 1;
      response.writeHead(429, { "retry-after": "1" }).end();
      return;
    }
    if (from === "content") return this.#send(pathname.slice(1), request, response);
    if (this.token !== null && authorization !== `Bearer ${this.token}`) return fail(response, 401, "RepoNotFound");
    const [, listed, revision] = /^\/api\/models\/(.+)\/revision\/([^/]+)$/.exec(pathname) ?? [];
    if (listed !== undefined) return this.#list(listed, decodeURIComponent(revision ?? ""), response);
    const [, treeOf] = /^\/api\/models\/(.+)\/tree\/[^/]+$/.exec(pathname) ?? [];
    if (treeOf !== undefined) return this.#tree(treeOf, response);
    const [, repository = "", commit, path] = /^\/(.+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    const model = this.#models.get(repository);
    const served = model?.files.find((each) => each.path === path);
    if (model === undefined || served === undefined || (commit !== model.commit && commit !== "main"))
      return fail(response, 404, "EntryNotFound");
    if (served.sizeBytes < lfsBytes) {
      response.setHeader("x-repo-commit", model.commit);
      response.setHeader("etag", `"${served.gitSha}"`);
      return this.#send(served.file, request, response, served);
    }
    const location = `${this.#contentUrl}/${encodeURIComponent(served.file)}?signature=${randomBytes(8).toString("hex")}`;
    const linked = { "x-linked-etag": `"${served.sha256}"`, "x-linked-size": String(served.sizeBytes) };
    response.writeHead(302, { location, "x-repo-commit": model.commit, ...linked }).end();
  }

  #list(repository: string, revision: string, response: ServerResponse): void {
    const model = this.#models.get(repository);
    const isThere = revision === "main" || revision === model?.commit;
    if (model === undefined || !isThere) {
      fail(response, model === undefined ? 401 : 404, model === undefined ? "RepoNotFound" : "RevisionNotFound");
      return;
    }
    const siblings = model.files.map(({ path, sizeBytes, sha256, gitSha }) => ({
      rfilename: path,
      size: sizeBytes,
      blobId: gitSha,
      ...(sizeBytes < lfsBytes ? {} : { lfs: { sha256, size: sizeBytes, pointerSize: 130 } }),
    }));
    const body = {
      id: repository,
      modelId: repository,
      sha: model.commit,
      private: false,
      tags: [],
      siblings: this.changeListing(siblings),
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  /** The list of files in the form that the hub's Python package asks for. */
  #tree(repository: string, response: ServerResponse): void {
    const files = this.#models.get(repository)?.files ?? [];
    const entries = files.map(({ path, sizeBytes, sha256, gitSha }) => ({
      type: "file",
      path,
      size: sizeBytes,
      oid: gitSha,
      ...(sizeBytes < lfsBytes ? {} : { lfs: { oid: sha256, size: sizeBytes, pointerSize: 130 } }),
    }));
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(entries));
  }

  async #send(encoded: string, { method, headers }: IncomingMessage, response: ServerResponse, small?: ServedFile): Promise<void> {
    const file = small === undefined ? decodeURIComponent(encoded) : encoded;
    const { size } = await stat(file);
    const [, first] = /^bytes=(\d+)-/.exec(headers.range ?? "") ?? [];
    const start = Number(first ?? 0);
    const part = first === undefined ? {} : { "content-range": `bytes ${start}-${size - 1}/${size}` };
    response.writeHead(first === undefined ? 200 : 206, { "content-length": size - start, "accept-ranges": "bytes", ...part });
    if (method === "HEAD") return void response.end();
    const mostBytes = small === undefined ? this.cutAfterBytes : Number.POSITIVE_INFINITY;
    const end = Math.min(size, start + mostBytes) - 1;
    const isDamaged = [...this.damaged].some((path) => file.endsWith(path));
    const counted = async function* (hub: HubServer): AsyncGenerator<Uint8Array> {
      for await (const chunk of createReadStream(file, { start, end }) as AsyncIterable<Buffer>) {
        hub.sentBytes += chunk.byteLength;
        if (isDamaged) chunk[0] = (chunk[0] ?? 0) ^ 255;
        yield chunk;
      }
    };
    // The client may have been killed.
    await pipeline(counted(this), response, { end: false }).catch(() => {});
    if (end < size - 1) response.destroy();
    else response.end();
  }
}

async function sumsOf(file: string): Promise<Pick<ServedFile, "sizeBytes" | "sha256" | "gitSha">> {
  const { size } = await stat(file);
  const [sha256, git] = [createHash("sha256"), createHash("sha1").update(`blob ${size}\0`)];
  if (size < lfsBytes) git.update(await readFile(file));
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) sha256.update(chunk);
  return { sizeBytes: size, sha256: sha256.digest("hex"), gitSha: git.digest("hex") };
}

function fail(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/json", "x-error-code": code }).end(JSON.stringify({ error: code }));
}
