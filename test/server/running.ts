/** A server on a free port of this machine, with fake parts: nothing but the server itself is slow or can fail. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type MemoryEmbedderOptions, memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import type { Reader, TextEmbedder } from "../../src/contracts/index.js";
import { startServer } from "../../src/server/index.js";

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what came with what they expect
  readonly body: any;
}

type GivenSettings = NonNullable<ConstructorParameters<typeof ServiceConfig>[0]>;

export interface TestServerOptions {
  readonly server?: GivenSettings["server"];
  readonly embedder?: MemoryEmbedderOptions;
  /** Default: the server takes no texts. */
  readonly textEmbedder?: TextEmbedder;
  /** Readers that go before the built-in ones. */
  readonly readers?: readonly Reader[];
  /** Default "require". */
  readonly keysElsewhere?: "require" | "omit";
  /** "real": images are decoded, so they must be images. Default: "fake". */
  readonly decoder?: "fake" | "real";
  /** Default "memory". "lancedb": in the data folder. */
  readonly store?: "memory" | "lancedb";
  /** Settings of other sections than `server`. */
  readonly settings?: Omit<GivenSettings, "server" | "lancedb">;
  /** Changes what the server gets as its pipeline. */
  readonly wrap?: (pipeline: ImageEmbeddingPipeline) => ImageEmbeddingPipeline;
}

export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string };

export class TestServer implements AsyncDisposable {
  readonly logged: LogLine[] = [];
  url = "";
  stop: (hard?: AbortSignal) => Promise<void> = async () => undefined;
  /** The folder with the data of the server. */
  dataFolder = "";
  /** Starts a stopped server again, with the same pipeline and the same data. */
  restart: () => Promise<void> = async () => undefined;
  #close: () => Promise<void> = async () => undefined;

  static async start({
    server = {},
    embedder = {},
    readers = [],
    textEmbedder,
    decoder = "fake",
    store = "memory",
    settings = {},
    wrap = (same) => same,
    keysElsewhere = "require",
  }: TestServerOptions = {}): Promise<TestServer> {
    const test = new TestServer();
    const folder = mkdtempSync(join(tmpdir(), "headrace-server-"));
    const config = new ServiceConfig({
      http: { network: "public" },
      ...settings,
      server: { port: 0, ...server },
      lancedb: { path: folder },
    });
    const own = {
      ...(store === "memory" && { store: memoryStore() }),
      ...(decoder === "fake" && { decoder: memoryDecoder() }),
      embedder: memoryEmbedder(embedder),
      readers,
      ...(textEmbedder && { textEmbedder }),
    };
    const pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy", own });
    test.#close = async () => {
      await pipeline.close();
      rmSync(folder, { recursive: true, force: true });
    };
    test.dataFolder = folder;
    test.restart = async () => {
      const log = (level: string, event: string, facts: object = {}): void => void test.logged.push({ level, event, ...facts });
      const running = await startServer({ pipeline: wrap(pipeline), settings: config.settings(), log, keysElsewhere });
      test.url = running.url;
      test.stop = (hard = new AbortController().signal) => running.stop(hard);
    };
    try {
      await test.restart();
      return test;
    } catch (error) {
      await test.#close();
      throw error;
    }
  }

  async send(method: string, path: string, init: RequestInit = {}): Promise<Answered> {
    const response = await fetch(`${this.url}${path}`, { method, ...init });
    const content = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    return { status: response.status, headers: response.headers, body: isJson && content !== "" ? JSON.parse(content) : content || null };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answered> {
    return this.send("GET", path, { headers });
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answered> {
    return this.send("POST", path, { body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } });
  }

  upload(path: string, files: readonly Uint8Array[], fields: Readonly<Record<string, string>> = {}): Promise<Answered> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    for (const [index, bytes] of files.entries()) form.append("images", new Blob([Buffer.from(bytes)]), `${index}.jpg`);
    return this.send("POST", path, { body: form });
  }

  /** Sends bytes as they are, and returns all that comes back until the server closes the connection. */
  raw(request: string): Promise<string> {
    const { hostname, port } = new URL(this.url);
    const socket = connect(Number(port), hostname, () => socket.write(request));
    return text(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(AbortSignal.abort());
    await this.#close();
  }
}

/** An image for the fake decoder. */
export const image = (value: number): Uint8Array => Uint8Array.of(value, value + 1);
export const base64 = (value: number): string => Buffer.from(image(value)).toString("base64");
/** Bytes that the fake decoder reports as damaged. */
export const damaged = Buffer.from([0xff]).toString("base64");
