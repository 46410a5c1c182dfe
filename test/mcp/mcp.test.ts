/** `headrace mcp` as a language model's program uses it: the real command line, and the official client. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import sharp from "sharp";
import { cleanEnvironment, type Workspace, workspace } from "../flow/command.js";
import { makeCorpus } from "../support/corpus/corpus.js";

const photos = resolve(".cache", "corpus", "mcp");
const count = 24;

interface Told {
  readonly isError: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what came with what they expect
  readonly json: any;
  readonly text: string;
  readonly jpeg: Buffer | null;
}

describe("headrace mcp", () => {
  let space: Workspace;
  let client: Client;
  before(async () => {
    const { photos: made } = await makeCorpus({ folder: photos, count, seed: 31, sizes: "vga" });
    space = await workspace();
    const lines = made.map(({ file, subject }, at) =>
      JSON.stringify({ input: join(photos, file), id: `photo-${at}`, metadata: { subject, year: 2000 + at } }),
    );
    await writeFile(join(space.folder, "photos.jsonl"), `${lines.join("\n")}\n`);
    for (const args of [
      ["ingest", "photos.jsonl", "--collection", "photos"],
      ["collection", "create", "empty"],
    ]) {
      const { code, stderr } = await space.run(...args);
      assert.equal(code, 0, stderr);
    }
    client = await connected();
  });
  after(async () => {
    await client.close();
    await space[Symbol.asyncDispose]();
  });

  async function connected(): Promise<Client> {
    const made = new Client({ name: "test", version: "1.0.0" });
    const transport = new StdioClientTransport({
      ...{ command: process.execPath, args: [space.bin, "mcp"], cwd: space.folder, stderr: "inherit" },
      env: cleanEnvironment() as Record<string, string>,
    });
    await made.connect(transport);
    return made;
  }

  async function call(name: string, given: Record<string, unknown>): Promise<Told> {
    const { isError = false, structuredContent: json, content } = await client.callTool({ name, arguments: given });
    const text = content.flatMap((each) => (each.type === "text" ? [each.text] : [])).join("\n");
    if (!isError) assert.deepEqual(JSON.parse(text), json, "older clients read the same in the text");
    const picture = content.find((each) => each.type === "image");
    return { isError, json, text, jpeg: picture?.type === "image" ? Buffer.from(picture.data, "base64") : null };
  }

  test("has four tools, each of which says that it only reads, and what it wants", async () => {
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name, annotations, inputSchema }) => [name, annotations?.readOnlyHint, inputSchema.required ?? []]),
      [
        ["list_collections", true, []],
        ["describe_collection", true, ["collection"]],
        ["search_images", true, ["collection"]],
        ["get_image", true, ["collection", "id"]],
      ],
    );
    for (const { description = "", inputSchema } of tools) {
      assert.ok(description.length > 40);
      for (const [key, schema] of Object.entries(inputSchema.properties ?? {}))
        assert.ok(((schema as { description?: string }).description ?? "").length > 10, `${key} has no description`);
    }
    assert.match(client.getInstructions() ?? "", /list_collections/);
    assert.equal(client.getServerVersion()?.name, "headrace");
  });

  test("tells the collections, and the keys of their images with examples", async () => {
    const { json } = await call("list_collections", {});
    assert.deepEqual(
      json.collections.toSorted((a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)),
      [
        { name: "empty", images: 0 },
        { name: "photos", images: count },
      ],
    );
    const described = (await call("describe_collection", { collection: "photos" })).json;
    assert.deepEqual([described.images, described.dimension, described.search_by_words], [count, 1280, "labels"]);
    const keys = new Map<string, { type: string; examples: unknown[] }>(
      described.metadata_keys.map((each: { key: string }) => [each.key, each]),
    );
    assert.deepEqual([keys.get("year")?.type, keys.get("subject")?.type, keys.get("year")?.examples.length], ["number", "string", 5]);
    assert.deepEqual((await call("describe_collection", { collection: "empty" })).json.metadata_keys, []);
  });

  test("finds images by a stored image, by bytes and by words, and filters them", async () => {
    const byId = (await call("search_images", { collection: "photos", id: "photo-3", top_k: 4 })).json.hits;
    assert.deepEqual([byId.length, byId[0].id, byId[0].metadata.year], [4, "photo-3", 2003]);
    const bytes = await readFile(new URL(byId[0].source));
    const byBytes = (await call("search_images", { collection: "photos", image_base64: bytes.toString("base64"), top_k: 1 })).json.hits;
    assert.equal(byBytes[0].id, "photo-3");
    const filtered = (await call("search_images", { collection: "photos", id: "photo-3", filter: "year >= 2020", top_k: 50 })).json.hits;
    assert.deepEqual(filtered.map(({ metadata }: { metadata: { year: number } }) => metadata.year).sort(), [2020, 2021, 2022, 2023]);
    const byWords = (await call("search_images", { collection: "photos", text: "cup", top_k: 3 })).json.hits;
    assert.equal(byWords.length, 3);
    const misspelt = (await call("search_images", { collection: "photos", id: "photo-3", filter: "yeer >= 2020" })).json;
    assert.deepEqual([misspelt.hits, misspelt.note], [[], "No image has the metadata key yeer."]);
  });

  test("shows a stored image as a JPEG of the wanted size, and says when its file is gone", async () => {
    const { json, jpeg } = await call("get_image", { collection: "photos", id: "photo-5", max_side: 100 });
    const { format, width, height } = await sharp(jpeg!).metadata();
    assert.deepEqual([format, Math.max(width, height), json.id, json.metadata.year], ["jpeg", 100, "photo-5", 2005]);
    const copy = join(space.folder, "gone.png");
    await writeFile(copy, await readFile(new URL(json.source)));
    assert.equal((await space.run("ingest", copy, "--collection", "photos")).code, 0);
    const gone = (await call("search_images", { collection: "photos", filter: `source == "${copy}"`, id: "photo-5" })).json.hits[0].id;
    await rm(copy);
    const told = await call("get_image", { collection: "photos", id: gone });
    assert.deepEqual([told.jpeg, told.isError], [null, false]);
    assert.match(told.json.note, /cannot be read any more/);
    assert.equal((await space.run("delete", gone, "--collection", "photos", "--yes")).code, 0);
  });

  test("a wrong call is answered with what to do, and the next one works", async () => {
    const wrong: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
      ["search_images", { collection: "photos" }, /^usage_invalid: .*exactly one of text, id and image_base64, found none/],
      ["search_images", { collection: "photos", id: "photo-1", text: "cup" }, /found text and id/],
      ["search_images", { collection: "photso", id: "photo-1" }, /^collection_not_found: (.|\n)*photos/],
      ["search_images", { collection: "photos", id: "nobody" }, /nobody/],
      ["search_images", { collection: "photos", id: "photo-1", filter: "year = 2000" }, /^filter_invalid: filter, at character/],
      ["search_images", { collection: "photos", text: "xyzzy" }, /^word_unknown: /],
      ["search_images", { collection: "photos", image_base64: "bm90IGEgcGhvdG8=" }, /^image_(unsupported|corrupt): /],
      ["search_images", { collection: "photos", id: "photo-1", top_k: 1000 }, /top_k/],
      ["search_images", { collection: "photos", path: "/etc/passwd" }, /path/],
      ["get_image", { collection: "photos", id: "/etc/passwd" }, /expected the id of an image of photos/],
      ["get_image", { collection: "../photos", id: "photo-1" }, /^name_invalid: /],
    ];
    for (const [name, given, expected] of wrong) {
      const { isError, text } = await call(name, given);
      assert.equal(isError, true, JSON.stringify(given));
      assert.match(text, expected);
    }
    assert.equal((await call("search_images", { collection: "photos", id: "photo-1" })).json.hits[0].id, "photo-1");
  });

  test("answers ten calls at once, each with its own hits", async () => {
    const ids = Array.from({ length: 10 }, (_, at) => `photo-${at}`);
    const told = await Promise.all(ids.map((id) => call("search_images", { collection: "photos", id, top_k: 1 })));
    assert.deepEqual(
      told.map(({ json }) => json.hits[0].id),
      ids,
    );
  });

  test("writes nothing but messages to stdout, ends when its input ends, and leaves the collection as it was", async () => {
    const child = spawn(process.execPath, [space.bin, "mcp"], {
      cwd: space.folder,
      env: cleanEnvironment(),
      stdio: ["pipe", "pipe", "pipe"],
    });
    const printed: Buffer[] = [];
    child.stdout.on("data", (data: Buffer) => printed.push(data));
    child.stdin.write("this is no message\n");
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "1" } };
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params })}\n`);
    await once(child.stdout, "data");
    child.stdin.end();
    const [code] = await once(child, "close");
    assert.equal(code, 0);
    const lines = Buffer.concat(printed).toString().trim().split("\n");
    assert.ok(lines.map((line) => JSON.parse(line)).some(({ id, result }) => id === 1 && result.serverInfo.name === "headrace"));
    assert.equal((await space.run("count", "--collection", "photos")).stdout.trim(), String(count));
  });
});
