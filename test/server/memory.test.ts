/** Small requests that ask for much memory: huge images in few bytes, and large images behind URLs. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import sharp from "sharp";
import { HeadraceError, type Reader } from "../../src/contracts/index.js";
import { encodePng } from "../../src/kit/index.js";
import { imageServer } from "../sources/image-server.js";
import { TestServer } from "./running.js";

const mebibyte = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), "headrace-memory-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A file of 54 bytes and a palette that promises `width` × `height` pixels. `compression` 1: run lengths, which end at once. */
function hugeBmp(width: number, height: number, bitsPerPixel: 8 | 24, compression: 0 | 1): Buffer {
  const palette = Buffer.alloc(bitsPerPixel === 8 ? 1024 : 0);
  const header = Buffer.alloc(54);
  header.write("BM", 0, "latin1");
  header.writeUInt32LE(header.length + palette.length, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(bitsPerPixel, 28);
  header.writeUInt32LE(compression, 30);
  return Buffer.concat([header, palette, Buffer.from([0, 1])]);
}

const small = encodePng({ width: 20, height: 10, channels: 3, data: new Uint8Array(600).fill(77) }, 6);
const thumbnailOf = (name: string): string => `/v1/thumbnail?source=${encodeURIComponent(`file://${join(folder, name)}`)}`;

test("a BMP that promises far more pixels than it has bytes is refused, and the server answers others meanwhile", async () => {
  await using server = await TestServer.start({ decoder: "real", server: { allowedRoots: [folder] } });
  await server.post("/v1/collections", { name: "pets" });
  const runs = hugeBmp(16_000, 16_000, 8, 1);
  writeFileSync(join(folder, "runs.bmp"), runs);
  writeFileSync(join(folder, "plain.bmp"), hugeBmp(30_000, 30_000, 24, 0));
  writeFileSync(join(folder, "small.png"), small);
  const before = process.memoryUsage().rss;
  const images = [runs, runs, small].map((bytes) => ({ base64: Buffer.from(bytes).toString("base64") }));
  const [embedded, found, ...pictures] = await Promise.all([
    server.post("/v1/embed", { images }),
    server.post("/v1/collections/pets/search", images[0]),
    server.get(thumbnailOf("runs.bmp")),
    server.get(thumbnailOf("plain.bmp")),
    server.get(thumbnailOf("small.png")),
  ]);
  assert.deepEqual(
    embedded.body.items.map((item: { status: string; problem?: { code: string } }) => item.problem?.code ?? item.status),
    ["image_corrupt", "image_corrupt", "embedded"],
  );
  assert.equal(found.body.code, "image_corrupt");
  assert.deepEqual(
    pictures.map(({ status, body }) => [status, body.code]),
    [
      [404, "picture_unavailable"],
      [404, "picture_unavailable"],
      [200, undefined],
    ],
  );
  const grownMb = (process.memoryUsage().rss - before) / mebibyte;
  assert.ok(grownMb < 300, `the process has grown by ${Math.round(grownMb)} MiB`);
});

test("a thumbnail obeys preprocess.svg and preprocess.max_pixels", async () => {
  writeFileSync(
    join(folder, "drawn.svg"),
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  );
  writeFileSync(
    join(folder, "nine.png"),
    await sharp({ create: { width: 9, height: 9, channels: 3, background: "red" } })
      .png()
      .toBuffer(),
  );
  writeFileSync(join(folder, "ten.png"), small);
  const statuses = async (preprocess: { readonly svg?: "draw"; readonly maxPixels?: number }): Promise<readonly number[]> => {
    await using server = await TestServer.start({ server: { allowedRoots: [folder] }, settings: { preprocess } });
    return await Promise.all(["drawn.svg", "nine.png", "ten.png"].map(async (name) => (await server.get(thumbnailOf(name))).status));
  };
  assert.deepEqual(await statuses({}), [404, 200, 200]);
  assert.deepEqual(await statuses({ svg: "draw" }), [200, 200, 200]);
  assert.deepEqual(await statuses({ maxPixels: 100 }), [404, 200, 404]);
});

test("an image behind a URL may not be larger than a body, whether its size is announced or not, or compressed", async () => {
  const large = Buffer.alloc(2 * mebibyte, small);
  await using web = await imageServer({
    "/announced": (_, response) => response.writeHead(200, { "content-length": large.length }).end(large),
    "/chunked": (_, response) => {
      response.writeHead(200);
      response.write(large.subarray(0, 1000));
      response.end(large.subarray(1000));
    },
    "/small": (_, response) => response.writeHead(200).end(small),
  });
  await using server = await TestServer.start({
    decoder: "real",
    server: { maxBodyMb: 1 },
    settings: { http: { network: "public", allow: ["127.0.0.1"] } },
  });
  await server.post("/v1/collections", { name: "pets" });
  const urls = ["/announced", "/chunked", "/small"].map((path) => ({ url: web.url + path }));
  const embedded = await server.post("/v1/embed", { images: urls });
  assert.deepEqual(
    embedded.body.items.map((item: { status: string; problem?: { code: string } }) => item.problem?.code ?? item.status),
    ["source_too_large", "source_too_large", "embedded"],
  );
  for (const url of urls.slice(0, 2)) {
    assert.equal((await server.post("/v1/collections/pets/search", url)).body.code, "source_too_large");
    assert.equal((await server.get(`/v1/thumbnail?source=${encodeURIComponent(url.url)}`)).body.code, "picture_unavailable");
  }
  assert.equal((await server.post("/v1/collections/pets/search", { mix: [urls[2], { ...urls[2], weight: 2 }] })).status, 200);
});

test("searches, mixtures, embeddings and thumbnails wait for the same memory for images behind URLs", async () => {
  let [held, mostHeld, reads] = [0, 0, 0];
  const imageBytes = 0.75 * mebibyte;
  /** Sends a picture only once it is admitted, and says how much memory all pictures on their way have. */
  const reader: Reader = {
    name: "slow",
    schemes: ["https"],
    read: async (_, { maxBytes, admit }) => {
      assert.equal(maxBytes, mebibyte);
      assert.ok(admit !== undefined, "the reader was not told to ask for memory");
      await admit(imageBytes);
      reads += 1;
      held += imageBytes;
      mostHeld = Math.max(mostHeld, held);
      // Two fit, so the first waits for the second. All others come whenever there is memory.
      do await new Promise(setImmediate);
      while (reads < 2);
      held -= imageBytes;
      const bytes = new Uint8Array(imageBytes);
      bytes.set(small);
      return { bytes, version: null };
    },
  };
  await using server = await TestServer.start({ readers: [reader], decoder: "real", server: { maxBodyMb: 1, maxUrlsMb: 2 } });
  await server.post("/v1/collections", { name: "pets" });
  const url = { url: "https://example.com/a.png" };
  const answers = await Promise.all([
    server.post("/v1/collections/pets/search", url),
    server.post("/v1/collections/pets/search", { mix: Array.from({ length: 8 }, () => url) }),
    server.post("/v1/embed", { images: Array.from({ length: 12 }, () => url) }),
    server.get(`/v1/thumbnail?source=${encodeURIComponent(url.url)}`),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  assert.equal(answers[2]?.body.embedded, 12);
  assert.equal(reads, 22);
  assert.equal(mostHeld, 2 * imageBytes);
});

/** A reader of images that never come. `asked` and `stopped` resolve when the first is asked for, and when it is not needed any more. */
function silentReader(fails: (uri: string) => boolean) {
  let [onAsked, onStopped] = [(): void => undefined, (): void => undefined];
  const asked = new Promise<void>((resolve) => {
    onAsked = resolve;
  });
  const stopped = new Promise<void>((resolve) => {
    onStopped = resolve;
  });
  const reader: Reader = {
    name: "silent",
    schemes: ["https"],
    read: async ({ uri }, _, signal) => {
      if (fails(uri)) {
        await asked;
        throw new HeadraceError("source_not_found", "there is none");
      }
      const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      onAsked();
      await aborted;
      onStopped();
      throw new HeadraceError("aborted", "the caller stopped");
    },
  };
  return { reader, asked, stopped };
}

test("a thumbnail whose client goes away is not made any more", async () => {
  const { reader, asked, stopped } = silentReader(() => false);
  await using server = await TestServer.start({ readers: [reader] });
  const client = new AbortController();
  const path = `/v1/thumbnail?source=${encodeURIComponent("https://example.com/a.png")}`;
  const gone = assert.rejects(fetch(server.url + path, { signal: client.signal }));
  await asked;
  client.abort();
  await Promise.all([gone, stopped]);
});

test("if one image of a mixture fails, the others are not read any more", async () => {
  const { reader, stopped } = silentReader((uri) => uri.endsWith("none.png"));
  await using server = await TestServer.start({ readers: [reader] });
  await server.post("/v1/collections", { name: "pets" });
  const mix = ["none.png", "slow.png"].map((name) => ({ url: `https://example.com/${name}` }));
  const { body } = await server.post("/v1/collections/pets/search", { mix });
  assert.equal(body.code, "source_not_found");
  await stopped;
});
