/** Calls of one program that run at the same moment, on one collection. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type MemoryStore, memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { type Embedder, HeadraceError, type VectorStore } from "../../src/contracts/index.js";

const [clients, imagesEach] = [10, 5];

describe("calls side by side", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-side-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = (own: { store?: VectorStore; embedder?: Embedder } = {}): Promise<ImageEmbeddingPipeline> =>
    ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
      own: { decoder: memoryDecoder(), embedder: memoryEmbedder(), ...own },
      parts: "lazy",
    });

  for (const [what, makeStore] of [
    ["in memory", () => ({ store: memoryStore() })],
    ["in LanceDB", () => ({})],
  ] as const) {
    it(`ten clients that insert one image each into a new collection ${what} store all of them`, async () => {
      await using pipeline = await open(makeStore());
      const insert = async (client: number): Promise<void> => {
        for (let image = 0; image < imagesEach; image += 1) {
          const { stats } = await pipeline.insertImages({ inputs: [Uint8Array.of(client, image)] });
          assert.equal(stats.stored, 1);
        }
      };
      await Promise.all(Array.from({ length: clients }, (_, client) => insert(client)));
      assert.equal(await pipeline.count("images"), clients * imagesEach);
    });
  }

  it("inserts, deletes, upkeep and searches of one program do not refuse each other", async () => {
    await using pipeline = await open();
    const first = Uint8Array.of(0, 0);
    await pipeline.insertImages({ inputs: [first] });
    const some = (call: (at: number) => Promise<unknown>): Promise<unknown>[] => Array.from({ length: 5 }, (_, at) => call(at));
    await Promise.all([
      ...some((at) => pipeline.insertImages({ inputs: [Uint8Array.of(1, at)] })),
      ...some((at) => pipeline.insertImagesAsync({ inputs: [Uint8Array.of(2, at)] })),
      ...some(() => pipeline.searchImages(first)),
      ...some((at) => pipeline.deleteByIds("images", [`nobody ${at}`])),
      ...some(() => pipeline.compactCollection("images")),
    ]);
    assert.equal(await pipeline.count("images"), 11);
  });

  it("while a search is late, a run has one batch of the model in work at a time", { timeout: 120_000 }, async () => {
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let phase: "prepare" | "search" | "run" = "prepare";
    let [inWork, most] = [0, 0];
    const work = async (): Promise<void> => {
      if (phase === "prepare") return;
      if (phase === "search") {
        phase = "run";
        return answered;
      }
      inWork += 1;
      most = Math.max(most, inWork);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inWork -= 1;
    };
    await using pipeline = await open({ embedder: memoryEmbedder({ feed: { preferredBatch: 2, maxBatch: 2, parallel: 4 }, work }) });
    const first = Uint8Array.of(1);
    await pipeline.insertImages({ inputs: [first] });
    phase = "search";
    const search = pipeline.searchImages(first);
    // From 100 ms on, an answer is late.
    await new Promise((resolve) => setTimeout(resolve, 150));
    const { stats } = await pipeline.insertImagesAsync({ inputs: Array.from({ length: 24 }, (_, image) => Uint8Array.of(2, image)) });
    assert.deepEqual([stats.stored, most], [24, 1]);
    answer();
    assert.ok((await search).length > 0);
  });

  it("a service that stores what its clients post keeps every image", async () => {
    await using pipeline = await open();
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        pipeline.insertImages({ inputs: [new Uint8Array(Buffer.concat(chunks))] }).then(
          ({ stats }) => response.end(String(stats.stored)),
          (error: HeadraceError) => response.writeHead(500).end(error.code),
        );
      });
    });
    await new Promise<void>((fulfil) => server.listen(0, "127.0.0.1", fulfil));
    try {
      const { port } = server.address() as AddressInfo;
      const client = async (name: number): Promise<readonly string[]> => {
        const answers: string[] = [];
        for (let image = 0; image < imagesEach; image += 1) answers.push(await post(port, Uint8Array.of(name, image)));
        return answers;
      };
      const answers = (await Promise.all(Array.from({ length: clients }, (_, name) => client(name)))).flat();
      assert.deepEqual(new Set(answers), new Set(["1"]));
      assert.equal(await pipeline.count("images"), clients * imagesEach);
    } finally {
      server.close();
    }
  });

  it("the loser of a race for a new collection writes into the winner's", async () => {
    const store = memoryStore();
    await using winner = await open({ store });
    await using pipeline = await open({
      store: withCall(store, "create", async (name, schema) => {
        // Between the loser's look and its creation the winner is done.
        await winner.insertImages({ inputs: [Uint8Array.of(1)] });
        return store.create(name, schema);
      }),
    });
    const { stats } = await pipeline.insertImages({ inputs: [Uint8Array.of(2)] });
    assert.equal(stats.stored, 1);
    assert.equal(await winner.count("images"), 2);
  });

  it("a collection that another writer began without a passport is judged by what it says by now", async () => {
    const store = memoryStore();
    await using winner = await open({ store });
    await winner.createCollection("images");
    const early = await store.openCollection("images", "write");
    await winner.insertImages({ inputs: [Uint8Array.of(1)] });
    assert.equal(early.passport, null);
    await using pipeline = await open({ store: withCall(store, "openCollection", async () => early) });
    const { stats } = await pipeline.insertImages({ inputs: [Uint8Array.of(2)] });
    assert.equal(stats.stored, 1);
  });

  it("there is no moment at which a new collection has no passport", async () => {
    const seen: unknown[] = [];
    const inner = memoryStore();
    const store = withCall(inner, "create", (name, schema) => {
      seen.push(schema.passport?.probes.length ?? null);
      return inner.create(name, schema);
    });
    await using pipeline = await open({ store });
    await pipeline.insertImages({ inputs: [Uint8Array.of(1)] });
    assert.deepEqual(seen, [3]);
  });

  it("a caller that gives up does not end what others wait for", async () => {
    let opens = 0;
    let fulfil = (): void => undefined;
    const embedder = Object.assign(memoryEmbedder(), {
      open: (signal: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          opens += 1;
          fulfil = resolve;
          signal.addEventListener("abort", () => reject(new HeadraceError("aborted", "planted")));
        }),
    });
    await using pipeline = await open({ store: memoryStore(), embedder });
    const impatient = new AbortController();
    const first = pipeline.embedImages([Uint8Array.of(1)], { signal: impatient.signal });
    const second = pipeline.embedImages([Uint8Array.of(1)]);
    const refused = assert.rejects(first, (error) => HeadraceError.is(error) && error.code === "aborted");
    impatient.abort();
    await refused;
    fulfil();
    assert.equal((await second).vectors.length, 1);
    assert.equal(opens, 1);
  });

  it("closing ends an opening that nobody ends", async () => {
    const embedder = Object.assign(memoryEmbedder(), {
      open: (signal: AbortSignal) =>
        new Promise<void>((_, reject) => {
          signal.addEventListener("abort", () => reject(new HeadraceError("aborted", "planted")));
        }),
    });
    const pipeline = await open({ store: memoryStore(), embedder });
    const refused = assert.rejects(pipeline.embedImages([Uint8Array.of(1)]));
    await pipeline.close();
    await refused;
  });

  it("parts that were opened for a call that failed are used by the next one, and closed once", async () => {
    let [opens, closes] = [0, 0];
    const embedder = Object.assign(memoryEmbedder(), {
      open: async () => {
        opens += 1;
      },
      close: async () => {
        closes += 1;
      },
    });
    const config = new ServiceConfig({ lancedb: { path: folder }, preprocess: { preset: join(folder, "nobody.json") } });
    const pipeline = await ImageEmbeddingPipeline.open(config, {
      own: { store: memoryStore(), decoder: memoryDecoder(), embedder },
      parts: "lazy",
    });
    for (let call = 0; call < 3; call += 1) await assert.rejects(pipeline.embedImages([Uint8Array.of(1)]), /preprocess.preset/);
    await pipeline.close();
    assert.deepEqual([opens, closes], [1, 1]);
  });

  it("failures that happen at the same moment are all in the dead-letter file", async () => {
    await using pipeline = await open({ store: memoryStore() });
    const damaged = (client: number): Uint8Array => Uint8Array.of(0xff, client);
    await Promise.all(Array.from({ length: clients }, (_, client) => pipeline.insertImages({ inputs: [damaged(client)] })));
    const lines = (await readFile(join(folder, "dead-letters", "images.jsonl"), "utf8")).trim().split("\n");
    assert.equal(lines.length, clients);
  });
});

/** The store with one call replaced. */
function withCall<N extends "create" | "openCollection">(store: MemoryStore, name: N, call: VectorStore[N]): VectorStore {
  return new Proxy(store, {
    get(target, asked) {
      if (asked === name) return call;
      const value: unknown = Reflect.get(target, asked, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function post(port: number, body: Uint8Array): Promise<string> {
  return new Promise((fulfil, reject) => {
    const sent = httpRequest({ host: "127.0.0.1", port, method: "POST", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => fulfil(text));
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
