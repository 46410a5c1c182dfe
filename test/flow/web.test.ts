/** Images from a web server, as a user names them: on the command line, in lists and manifests, and as the image of a search. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { type Handler, type ImageServer, imageServer } from "../sources/image-server.js";
import { type Workspace, workspace } from "./command.js";

interface Document {
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly failures: readonly { readonly source: string; readonly code: string }[];
}

const photo = await readFile(resolve("test", "fidelity", "golden", "coffee.jpg"));
const cat = await readFile(resolve("test", "fidelity", "golden", "chelsea.jpg"));
const serve =
  (bytes: Buffer): Handler =>
  (_, response) =>
    response.writeHead(200, { "content-type": "image/jpeg" }).end(bytes);

async function shop(): Promise<ImageServer> {
  return imageServer({
    "/coffee.jpg": serve(photo),
    "/cat": serve(cat),
    "/page": (_, response) => response.writeHead(200, { "content-type": "image/jpeg" }).end("<html>not found</html>"),
    "/moved": (_, response) => response.writeHead(302, { location: "/cat" }).end(),
  });
}

test("URLs on the command line, in a list and in a manifest are stored; what is no image fails alone", async () => {
  await using server = await shop();
  await using space: Workspace = await workspace();
  await writeFile(join(space.folder, "list.txt"), `${server.url}/coffee.jpg\n${server.url}/page\n${server.url}/gone\n`);
  await writeFile(join(space.folder, "m.jsonl"), JSON.stringify({ input: `${server.url}/moved`, id: "cat", metadata: { animal: true } }));
  const document = await space.json<Document>(3, "ingest", "--manifest", "m.jsonl", "--files-from", "list.txt");
  assert.deepEqual([document.stored, document.failed], [2, 2]);
  assert.deepEqual(document.failures.map(({ source, code }) => [source, code]).sort(), [
    [`${server.url}/gone`, "source_not_found"],
    [`${server.url}/page`, "image_unsupported"],
  ]);

  const { hits } = await space.json<{ hits: { id: string; score: number; source: string }[] }>(0, "search", `${server.url}/cat`);
  assert.equal(hits[0]?.id, "cat");
  assert.ok((hits[0]?.score ?? 0) > 0.999, `${hits[0]?.score}`);
});

test("a second run asks the server for changes, and reads only the image that has changed", async () => {
  let version = 1;
  const sent: number[] = [];
  const versioned: Handler = (request, response) => {
    if (request.headers["if-none-match"] === `"${version}"`) response.writeHead(304).end();
    else {
      sent.push(version);
      response.writeHead(200, { etag: `"${version}"` }).end(version === 1 ? photo : cat);
    }
  };
  await using server = await imageServer({ "/a.jpg": versioned });
  await using space = await workspace();
  const ingest = async () => {
    const { stored, skipped } = await space.json<Document>(0, "ingest", `${server.url}/a.jpg`);
    return { stored, skipped };
  };
  assert.deepEqual(await ingest(), { stored: 1, skipped: 0 });
  assert.deepEqual(await ingest(), { stored: 0, skipped: 1 });
  version = 2;
  assert.deepEqual(await ingest(), { stored: 1, skipped: 0 });
  assert.deepEqual(await ingest(), { stored: 0, skipped: 1 });
  assert.deepEqual(sent, [1, 2]);
});

test("with http.network: public, the server of this machine gets no request", async () => {
  await using server = await shop();
  await using space = await workspace();
  const document = await space.json<Document>(3, "ingest", `${server.url}/cat`, "--set", "http.network=public");
  assert.deepEqual(
    document.failures.map(({ code }) => code),
    ["address_refused"],
  );
  assert.deepEqual(server.requests, []);
});
