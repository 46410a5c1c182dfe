/** `headrace serve` as a user starts and stops it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { ended, workspace } from "./command.js";

const photo = join(resolve("test", "fidelity", "golden"), "coffee.jpg");

test("serve stores and finds a photo, embeds a word as its search does, refuses this machine's web servers, and ends with 0 after SIGTERM", {
  timeout: 120_000,
}, async () => {
  await using space = await workspace();
  const child = space.start("serve", "--port", "0");
  const end = ended(child);
  const [line] = (await once(createInterface(child.stdout!), "line")) as [string];
  const url = line.replace("Listening on ", "");
  const send = (path: string, init: RequestInit): Promise<Response> => fetch(`${url}${path}`, { method: "POST", ...init });
  const json = (body: object): RequestInit => ({ body: JSON.stringify(body), headers: { "content-type": "application/json" } });

  assert.equal((await send("/v1/collections", json({ name: "photos" }))).status, 201);
  const form = new FormData();
  form.set("images", new Blob([await readFile(photo)]), "coffee.jpg");
  assert.equal(((await (await send("/v1/collections/photos/images", { body: form })).json()) as { stored: number }).stored, 1);
  const list = (await (await fetch(`${url}/v1/collections/photos/images?pick=all&vector=float`)).json()) as {
    images: { id: string; vector: number[] }[];
  };
  const row = `/v1/collections/photos/images/${list.images[0]?.id}`;
  const patched = (await (await send(row, { ...json({ metadata: { year: 2025 } }), method: "PATCH" })).json()) as { metadata: object };
  assert.deepEqual(patched.metadata, { year: 2025 });
  const now = (await (await fetch(`${url}${row}?vector=float`)).json()) as { vector: number[]; metadata: object };
  assert.deepEqual([now.vector, now.metadata], [list.images[0]?.vector, { year: 2025 }]);
  const base64 = (await readFile(photo)).toString("base64");
  const { hits } = (await (await send("/v1/collections/photos/search", json({ base64 }))).json()) as { hits: { score: number }[] };
  assert.ok((hits[0]?.score ?? 0) > 0.999);
  const embedded = await (await send("/v1/embeddings", json({ model: "default", input: "espresso", encoding_format: "float" }))).json();
  const vector = (embedded as { data: { embedding: number[] }[] }).data[0]?.embedding;
  const hitsOf = async (query: object): Promise<unknown> =>
    ((await (await send("/v1/collections/photos/search", json(query))).json()) as { hits: unknown }).hits;
  assert.deepEqual(await hitsOf({ vector }), await hitsOf({ text: "espresso" }));
  assert.equal((await fetch(`${url}/health/ready`)).status, 200);
  const own = await send("/v1/collections/photos/search", json({ url: `${url}/health/live` }));
  assert.equal(((await own.json()) as { code: string }).code, "address_refused");

  child.kill("SIGTERM");
  const { code, stderr } = await end;
  assert.equal(code, 0, stderr);
  const lines = stderr
    .trimEnd()
    .split("\n")
    .map((text) => JSON.parse(text) as { event: string });
  assert.equal(lines.at(-1)?.event, "stopped");
  assert.ok(lines.filter(({ event }) => event === "request").length >= 4);
});

test("serve refuses a network's address without keys, and a port that is taken", async () => {
  await using space = await workspace();
  const open = await space.json<{ error: { code: string } }>(2, "serve", "--host", "0.0.0.0", "--port", "0");
  assert.equal(open.error.code, "config_conflict");
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const busy = await space.json<{ error: { code: string; message: string } }>(2, "serve", "--port", String(port));
  taken.close();
  assert.equal(busy.error.code, "config_invalid");
  assert.match(busy.error.message, /EADDRINUSE/);
});
