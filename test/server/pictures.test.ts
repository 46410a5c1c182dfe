/** What people see of a collection: some rows, and small pictures of their images. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { Thumbnails } from "../../src/server/kept/thumbnails.js";
import { writeTar } from "../support/archives.js";
import { waitUntil } from "../support/services/process.js";
import { base64, TestServer } from "./running.js";

const photo = resolve("test", "fidelity", "golden", "chelsea-portrait.png");
let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "headrace-pictures-"));
});
after(() => rm(folder, { recursive: true, force: true }));

async function serverWithPhoto(file: string): Promise<TestServer> {
  const server = await TestServer.start({ server: { allowedRoots: [folder] } });
  await copyFile(photo, join(folder, file));
  await server.post("/v1/collections", { name: "pets" });
  const { body } = await server.post("/v1/collections/pets/images", { images: [{ path: file, id: "a/b ü", metadata: { year: 1 } }] });
  assert.equal(body.stored, 1);
  return server;
}

const thumbnailPath = (id: string): string => `/v1/collections/pets/images/${encodeURIComponent(id)}/thumbnail`;

test("a stored file has a thumbnail, and a client that names its content may keep it", async () => {
  await using server = await serverWithPhoto("one.png");
  const [row] = (await server.get("/v1/collections/pets/images")).body.images;
  assert.deepEqual([row.id, row.metadata], ["a/b ü", { year: 1 }]);
  for (const [query, kept] of [
    ["", "private, max-age=60"],
    [`?content=${row.content.slice(0, 16)}`, "private, max-age=31536000, immutable"],
  ] as const) {
    const response = await fetch(`${server.url}${thumbnailPath(row.id)}${query}`);
    assert.deepEqual(
      [response.status, response.headers.get("content-type"), response.headers.get("cache-control")],
      [200, "image/jpeg", kept],
    );
    const { format, width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    assert.equal(format, "jpeg");
    assert.ok(Math.max(width, height) <= 320);
  }
});

test("a large picture has at most 1,600 pixels to each side, and not more than the image", async () => {
  await using server = await serverWithPhoto("small.png");
  const wide = sharp({ create: { width: 2000, height: 900, channels: 3, background: "#4080c0" } });
  await wide.png().toFile(join(folder, "wide.png"));
  await server.post("/v1/collections/pets/images", { images: [{ path: "wide.png", id: "wide" }] });
  const sizeOf = async (id: string, size: string): Promise<readonly number[]> => {
    const response = await fetch(`${server.url}${thumbnailPath(id)}?size=${size}`);
    const { width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    return [width, height];
  };
  assert.deepEqual(await sizeOf("wide", "small"), [320, 144]);
  assert.deepEqual(await sizeOf("wide", "large"), [1600, 720]);
  assert.deepEqual(await sizeOf("a/b ü", "large"), [200, 300]);
  assert.equal((await fetch(`${server.url}${thumbnailPath("wide")}?size=huge`)).status, 422);
});

test("a thumbnail that cannot be made says why, and reads no file outside the allowed folders", async () => {
  await using server = await serverWithPhoto("two.png");
  await server.post("/v1/collections/pets/images", { images: [{ base64: base64(1), id: "sent" }] });
  const codeOf = async (path: string): Promise<unknown> => {
    const { status, body } = await server.get(path);
    return [status, body.code];
  };
  assert.deepEqual(await codeOf(thumbnailPath("sent")), [404, "picture_unavailable"]);
  assert.deepEqual(await codeOf(thumbnailPath("other")), [404, "row_not_found"]);
  assert.deepEqual(await codeOf(`${thumbnailPath("a/b ü")}?content=${"0".repeat(16)}`), [404, "row_not_found"]);
  await rm(join(folder, "two.png"));
  assert.deepEqual(await codeOf(thumbnailPath("a/b ü")), [404, "picture_unavailable"]);
  for (const [source, expected] of [
    [`file://${photo}`, [422, "path_refused"]],
    [photo, [422, "path_refused"]],
    [`file://${folder}/../${photo}`, [422, "path_refused"]],
    ["tar:///etc/passwd.tar#a.jpg", [422, "path_refused"]],
    [`file://${folder}/none.png`, [404, "picture_unavailable"]],
    ["http://127.0.0.1:1/a.jpg", [404, "picture_unavailable"]],
    ["photos:a.jpg", [404, "picture_unavailable"]],
    ["s3://other-bucket/passport.jpg", [422, "path_refused"]],
    ["S3://other-bucket/passport.jpg", [422, "path_refused"]],
    ["zip+s3://other-bucket/passports.zip#a.jpg", [404, "picture_unavailable"]],
    ["zip+https://127.0.0.1:1/slow.zip#a.jpg", [404, "picture_unavailable"]],
  ] as const) {
    assert.deepEqual(await codeOf(`/v1/thumbnail?source=${encodeURIComponent(source)}`), expected, source);
  }
});

test("a picture that was made once is not shown any more when its row is deleted", async () => {
  await using server = await serverWithPhoto("three.png");
  const [row] = (await server.get("/v1/collections/pets/images")).body.images;
  const path = `${thumbnailPath(row.id)}?content=${row.content}`;
  assert.equal((await server.get(path)).status, 200);
  assert.equal((await server.post("/v1/collections/pets/images/delete", { ids: [row.id] })).body.deleted, 1);
  const { status, body } = await server.get(path);
  assert.deepEqual([status, body.code], [404, "row_not_found"]);
});

test("a content that names more than one image is refused, because clients keep its picture", async () => {
  await using server = await serverWithPhoto("four.png");
  for (const content of ["", "0123", "g".repeat(16)]) {
    for (const what of [thumbnailPath("a/b ü"), thumbnailPath("a/b ü").replace(/thumbnail$/, "original")]) {
      const { status, body } = await server.get(`${what}?content=${content}`);
      assert.deepEqual([status, body.code], [422, "request_invalid"], what + content);
    }
  }
});

test("rows are listed up to a limit, by a filter, and mixed in the same way each time", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  const images = Array.from({ length: 40 }, (_, value) => ({ base64: base64(value), id: `id-${value}`, metadata: { value } }));
  await server.post("/v1/collections/pets/images", { images });
  const idsOf = async (query: string): Promise<readonly string[]> =>
    (await server.get(`/v1/collections/pets/images?${query}`)).body.images.map(({ id }: { id: string }) => id);
  assert.equal((await idsOf("limit=7")).length, 7);
  assert.deepEqual(await idsOf("filter=value>=39"), ["id-39"]);
  const mixed = await idsOf("limit=10&pick=spread");
  assert.deepEqual(mixed, await idsOf("limit=10&pick=spread"));
  assert.equal(new Set(mixed).size, 10);
  assert.notDeepEqual([...mixed].sort(), [...(await idsOf("limit=10"))].sort());
  assert.equal((await server.get("/v1/collections/pets/images?limit=0")).body.code, "request_invalid");
});

test("a mixture shows images with the same bytes once, and repeats them only at its end", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  const images = Array.from({ length: 30 }, (_, index) => ({ base64: base64(index % 10), id: `id-${index}` }));
  await server.post("/v1/collections/pets/images", { images });
  const contentsOf = async (limit: number): Promise<readonly string[]> =>
    (await server.get(`/v1/collections/pets/images?limit=${limit}&pick=spread`)).body.images.map(
      ({ content }: { content: string }) => content,
    );
  assert.equal(new Set(await contentsOf(10)).size, 10);
  const all = await contentsOf(30);
  assert.deepEqual([all.length, new Set(all).size, new Set(all.slice(0, 10)).size], [30, 10, 10]);
});

test("pictures above the memory limit replace those that were not used for longest", async () => {
  const thumbnails = new Thumbnails(100);
  const { signal } = new AbortController();
  const made: string[] = [];
  const picture = (key: string): Promise<Uint8Array> =>
    thumbnails.picture(
      key,
      async () => {
        made.push(key);
        return new Uint8Array(40);
      },
      signal,
    );
  await picture("a");
  await picture("b");
  await picture("a");
  await picture("c");
  await picture("a");
  await picture("b");
  assert.deepEqual(made, ["a", "b", "c", "b"]);
});

test("a picture that two wait for is made once, when the turn of the second comes after its end", async () => {
  const thumbnails = new Thumbnails();
  const { signal } = new AbortController();
  const letGo: (() => void)[] = [];
  const slow = (): Promise<Uint8Array> =>
    new Promise((resolve) => {
      letGo.push(() => resolve(new Uint8Array(1)));
    });
  const others = ["a", "b", "c", "d"].map((key) => thumbnails.picture(key, slow, signal));
  let made = 0;
  const make = async (): Promise<Uint8Array> => {
    made += 1;
    return new Uint8Array(1);
  };
  const both = [thumbnails.picture("e", make, signal), thumbnails.picture("e", make, signal)];
  await new Promise((resolve) => setImmediate(resolve));
  letGo[0]?.();
  await Promise.all(both);
  assert.equal(made, 1);
  for (const end of letGo) end();
  await Promise.all(others);
});

test("a picture is made to its end while anybody waits for it, and not longer", async () => {
  const thumbnails = new Thumbnails();
  const [first, second] = [new AbortController(), new AbortController()];
  let ended: AbortSignal | undefined;
  const slow = (signal: AbortSignal): Promise<Uint8Array> => {
    ended = signal;
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("ended"))));
  };
  const waits = [first, second].map(({ signal }) => assert.rejects(thumbnails.picture("a", slow, signal)));
  await new Promise((resolve) => setImmediate(resolve));
  first.abort();
  await waits[0];
  assert.equal(ended?.aborted, false);
  second.abort();
  await waits[1];
  assert.equal(ended?.aborted, true);
  const again = await thumbnails.picture("a", async () => Uint8Array.of(1), new AbortController().signal);
  assert.deepEqual([...again], [1]);
});

test("requests for one picture share its making, and a failure is not kept", async () => {
  const thumbnails = new Thumbnails();
  const { signal } = new AbortController();
  let calls = 0;
  const failing = async (): Promise<Uint8Array> => {
    calls += 1;
    throw new TypeError("no picture");
  };
  const ended = await Promise.allSettled(Array.from({ length: 20 }, () => thumbnails.picture("a", failing, signal)));
  assert.deepEqual([...new Set(ended.map(({ status }) => status))], ["rejected"]);
  assert.ok(calls < 20);
  assert.equal((await thumbnails.picture("a", async () => Uint8Array.of(1), signal))[0], 1);
});

test("the original of a file is sent as it was embedded, in pieces, and not once the file has other bytes", async () => {
  await using server = await serverWithPhoto("original.png");
  const path = thumbnailPath("a/b ü").replace(/thumbnail$/, "original");
  const get = () => fetch(`${server.url}${path}`);
  const answer = await get();
  assert.deepEqual(
    [answer.status, answer.headers.get("content-type"), answer.headers.get("content-disposition")?.startsWith("inline; ")],
    [200, "image/png", true],
  );
  const bytes = await readFile(photo);
  assert.equal(answer.headers.get("content-length"), String(bytes.byteLength));
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
  const file = join(folder, "original.png");
  const secret = join(folder, "..", `${basename(folder)}-secret.txt`);
  await writeFile(secret, "a secret");
  const changes: readonly (readonly [string, () => Promise<unknown>, readonly [number, string]])[] = [
    ["other bytes", () => writeFile(file, "a text that nobody should see"), [404, "picture_unavailable"]],
    ["no bytes", () => writeFile(file, ""), [404, "picture_unavailable"]],
    ["a longer file", () => writeFile(file, Buffer.concat([bytes, Buffer.of(0)])), [404, "picture_unavailable"]],
    ["a link out of the folder", () => symlink(secret, file), [422, "path_refused"]],
    ["a folder", () => mkdir(file), [404, "picture_unavailable"]],
    ["a named pipe without a writer", async () => execFileSync("mkfifo", [file]), [404, "picture_unavailable"]],
    ["nothing", async () => {}, [404, "picture_unavailable"]],
  ];
  for (const [name, change, expected] of changes) {
    await rm(file, { recursive: true, force: true });
    await change();
    const { status, body } = await server.get(path);
    assert.deepEqual([status, body.code], expected, name);
  }
  await rm(secret);
});

test("the original of a row that is no file of the server says so", async () => {
  await using server = await serverWithPhoto("member.png");
  const packed = join(folder, "photos.tar");
  await writeTar(packed, [{ name: "in.png", bytes: await readFile(photo) }]);
  const job = await server.post("/v1/jobs", { collection: "pets", sources: [packed] });
  await waitUntil("the job has ended", async () => (await server.get(`/v1/jobs/${job.body.id}`)).body.state === "completed", {
    timeoutMs: 60_000,
  });
  const { images } = (await server.get("/v1/collections/pets/images")).body;
  const member = images.find(({ source }: { source: string }) => source.startsWith("tar"));
  const { status, body } = await server.get(`/v1/collections/pets/images/${member.id}/original`);
  assert.deepEqual([status, body.code, body.detail.includes("no file of the server")], [404, "picture_unavailable", true]);
});

test("many clients that read originals slowly do not fill the memory of the server", async () => {
  await using server = await serverWithPhoto("small-one.png");
  const noise = randomBytes(6000 * 1000 * 3);
  await sharp(noise, { raw: { width: 6000, height: 1000, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toFile(join(folder, "large.png"));
  await server.post("/v1/collections/pets/images", { images: [{ path: "large.png", id: "large" }] });
  const before = process.memoryUsage().arrayBuffers;
  const answers = await Promise.all(Array.from({ length: 16 }, () => fetch(`${server.url}/v1/collections/pets/images/large/original`)));
  for (const answer of answers) assert.equal(answer.status, 200);
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 6 * noise.byteLength, `${grown} bytes`);
  for (const answer of answers) await answer.body?.cancel();
});
