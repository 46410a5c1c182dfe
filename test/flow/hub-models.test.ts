/** Models by name: `hf:ORG/NAME`, fetched from a server that answers as the hub does. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { tinyOnnx } from "../fakes/tiny-onnx.js";
import { extent } from "../support/extent.js";
import { HubServer } from "../support/hub-server.js";
import { ended, type Workspace, workspace } from "./command.js";

const clip = resolve("test", "fidelity", "clip", "model");
const photos = resolve("test", "fidelity", "golden");
const mebibyte = 1024 * 1024;

interface Pulled {
  readonly model: string;
  readonly commit: string;
  readonly precision: string;
  readonly bytes: number;
  readonly folder: string;
}

interface Failed {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

describe("models by name", () => {
  let hub: HubServer;
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-hub-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    hub = await HubServer.start();
  });
  afterEach(() => hub.stop());

  const machine = async (more: Readonly<Record<string, string>> = {}): Promise<Workspace> => {
    const space = await workspace({ HF_ENDPOINT: hub.url, HF_HOME: await mkdtemp(join(folder, "home-")), ...more });
    await cp(photos, join(space.folder, "photos"), { recursive: true });
    return space;
  };
  const named = ["--set", "embedder.model=hf:acme/tiny-clip"];

  test("a model is fetched when its name is used first, and afterwards no server is asked", async () => {
    await hub.publish("acme/tiny-clip", clip);
    await using space = await machine();
    const first = await space.run("ingest", "photos", ...named);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /Fetching hf:acme\/tiny-clip, 0\.2 MB\. This happens once\./);
    hub.forget();
    const { hits } = await space.json<{ hits: readonly unknown[] }>(0, "search", "--text", "a photo of a cat", ...named);
    assert.ok(hits.length > 0);
    const again = await space.run("ingest", "photos", ...named);
    assert.deepEqual([again.code, again.stderr.includes("Fetching"), hub.requests], [0, false, []]);
    const { passport } = await space.json<{ passport: { model: string } }>(0, "collection", "stats", "images");
    assert.match(passport.model, /acme\/tiny-clip@[0-9a-f]{7}\/onnx\/vision_model\.onnx/);
  });

  test("the newest commit is fetched by `model pull` alone, and only what has changed in it", async () => {
    const model = join(folder, "changing");
    await cp(clip, model, { recursive: true });
    const older = await hub.publish("acme/tiny-clip", model);
    await using space = await machine();
    const pulled = await space.json<Pulled>(0, "model", "pull", "acme/tiny-clip");
    assert.deepEqual([pulled.model, pulled.commit, pulled.precision], ["hf:acme/tiny-clip", older, "fp32"]);
    await writeFile(join(model, "config.json"), '{"model_type": "clip", "changed": true}');
    const newer = await hub.publish("acme/tiny-clip", model);
    hub.forget();
    await space.json(0, "model", "inspect", "hf:acme/tiny-clip");
    assert.deepEqual(hub.requests, []);
    assert.equal((await space.json<Pulled>(0, "model", "pull", "hf:acme/tiny-clip")).commit, newer);
    assert.ok(hub.sentBytes < 100, `${hub.sentBytes} bytes`);
    const { pulled: list } = await space.json<{ pulled: readonly Pulled[] }>(0, "model", "list");
    assert.deepEqual(list.map(({ model, commit }) => [model, commit]).toSorted(), [
      ["hf:acme/tiny-clip", newer],
      [`hf:acme/tiny-clip@${older}`, older],
    ]);
    const { code } = await space.run("model", "inspect", `hf:acme/tiny-clip@${older}`);
    assert.equal(code, 0, "the older commit is still there");
  });

  test("the token goes to the hub, and never to the server that has the bytes", async () => {
    await hub.publish("acme/tiny-clip", clip);
    hub.token = "hf_secret";
    await using space = await machine({ HF_TOKEN: "hf_secret" });
    const { stdout, stderr } = await space.run("model", "pull", "acme/tiny-clip", "--json");
    const { folder: there } = JSON.parse(stdout) as Pulled;
    assert.ok(existsSync(join(there, "onnx", "text_model.onnx")));
    const seen = (from: string) => new Set(hub.requests.filter((each) => each.from === from).map(({ authorization }) => authorization));
    assert.deepEqual([seen("hub"), seen("content")], [new Set(["Bearer hf_secret"]), new Set([undefined])]);
    assert.ok(!`${stdout}${stderr}`.includes("hf_secret"));
  });

  test("what the hub refuses or does not have is said with what to do", async () => {
    await hub.publish("acme/tiny-clip", clip);
    await using space = await machine();
    const refused = async (address: string, ...more: readonly string[]) =>
      (await space.json<Failed>(1, "model", "pull", address, ...more)).error;
    const missing = await refused("acme/nothing");
    assert.equal(missing.code, "model_unavailable");
    assert.match(missing.message, /hf:acme\/nothing.*expected status 200, found 401/);
    assert.match(missing.hint, /Check the name\. A private model needs a token in HF_TOKEN/);
    assert.match((await refused("acme/tiny-clip@v9")).message, /404/);
    const precise = await refused("acme/tiny-clip", "--set", "embedder.precision=fp16");
    assert.match(precise.message, /expected a model for images in fp16, such as onnx\/vision_model_fp16\.onnx, found none/);
    assert.match(precise.hint, /It has fp32: set `embedder\.precision`/);
    hub.token = "hf_other";
    assert.match((await refused("acme/tiny-clip")).hint, /HF_TOKEN/);
    for (const wrong of ["hf:", "hf:a/b/c", "hf:../x", "hf:a/..", "hf:a--b/c", "hf:a/b@../x", "hf:a b"]) {
      const { error } = await space.json<Failed>(2, "model", "pull", wrong);
      assert.equal(error.code, "config_invalid", wrong);
    }
  });

  test("without a network, a model that is not there is refused at once, and a hub that is away names the command", async () => {
    await using offline = await machine({ HF_HUB_OFFLINE: "1" });
    const { error } = await offline.json<Failed>(1, "ingest", "photos", ...named);
    assert.equal(error.code, "model_unavailable");
    assert.match(error.hint, /headrace model pull hf:acme\/tiny-clip/);
    await using away = await machine({ HF_ENDPOINT: "http://127.0.0.1:9", HEADRACE_HTTP__RETRY_DELAY: "0" });
    assert.match((await away.json<Failed>(1, "model", "pull", "acme/tiny-clip")).error.message, /ECONNREFUSED/);
  });

  test("bytes that are not those of the hub never become a model", async () => {
    await hub.publish("acme/tiny-clip", clip);
    hub.damaged.add(encodeURIComponent("text_model.onnx"));
    await using space = await machine();
    const { error } = await space.json<Failed>(1, "model", "pull", "acme/tiny-clip");
    assert.match(error.message, /expected the sha256 hash [0-9a-f]{64}, found [0-9a-f]{64}/);
    assert.deepEqual((await space.json<{ pulled: unknown[] }>(0, "model", "list")).pulled, []);
    hub.damaged.clear();
    await space.json(0, "model", "pull", "acme/tiny-clip");
  });

  test("a list of files with paths that lead out of the folder writes nothing outside, and one that is no list is refused", async () => {
    await hub.publish("acme/tiny-clip", clip);
    const home = await mkdtemp(join(folder, "hostile-"));
    await using space = await machine({ HF_HOME: join(home, "cache") });
    const paths = [
      "../../../escape.json",
      "/etc/escape",
      "C:\\escape",
      "onnx/../../config.json",
      "onnx//x",
      "a\0b",
      "onnx/vision_model.onnx_data/../x",
    ];
    const hash = "0".repeat(40);
    hub.changeListing = (siblings) => [...siblings, ...paths.map((rfilename) => ({ rfilename, size: 3, blobId: hash }))];
    await space.json(0, "model", "pull", "acme/tiny-clip");
    assert.deepEqual(await readdir(home), ["cache"]);
    const names = await readdir(join(home, "cache"), { recursive: true });
    assert.ok(!names.some((name) => name.includes("escape")));
    hub.changeListing = () => [{ rfilename: "onnx/vision_model.onnx", size: 3, blobId: "../../../../escape" }];
    assert.equal((await space.json<Failed>(1, "model", "pull", "acme/tiny-clip")).error.code, "model_unavailable");
  });

  test("a hub that asks to wait is asked again", async () => {
    await hub.publish("acme/tiny-clip", clip);
    hub.refusals = 2;
    await using space = await machine();
    await space.json(0, "model", "pull", "acme/tiny-clip");
    assert.equal(hub.requests.filter(({ path }) => path.includes("/revision/")).length, 3);
  });

  test("four processes that need a model at once fetch it once", async () => {
    await hub.publish("acme/tiny-clip", clip);
    await using space = await machine();
    const bytes = (await space.json<Pulled>(0, "model", "pull", "acme/tiny-clip")).bytes;
    await using fresh = await machine();
    hub.forget();
    const all = await Promise.all([1, 2, 3, 4].map(() => ended(fresh.start("model", "pull", "acme/tiny-clip", "--json"))));
    assert.deepEqual(
      all.map(({ code }) => code),
      [0, 0, 0, 0],
    );
    assert.equal(hub.sentBytes, bytes);
  });

  test("a large model arrives whole through cuts and a kill, and no byte is sent for nothing", async () => {
    const model = await largeModel(join(folder, "large"), extent({ some: 64, all: 2048 }) * mebibyte);
    await hub.publish("acme/large", model.folder);
    hub.cutAfterBytes = Math.ceil(model.sizeBytes / 20);
    await using space = await machine({ HEADRACE_HTTP__RETRY_DELAY: "0" });
    const killed = space.start("model", "pull", "acme/large");
    while (hub.sentBytes < model.sizeBytes / 3) await new Promise(setImmediate);
    killed.kill("SIGKILL");
    await once(killed, "close");
    const pulled = await space.json<Pulled>(0, "model", "pull", "acme/large");
    assert.equal(await sha256Of(join(pulled.folder, "onnx", "vision_model.onnx")), model.sha256);
    const ranges = hub.requests.filter(({ range }) => range !== undefined);
    assert.ok(ranges.length >= 19, `${ranges.length} requests for the rest`);
    assert.ok(hub.sentBytes <= 1.1 * model.sizeBytes, `${hub.sentBytes} of ${model.sizeBytes} bytes were sent`);
    const parts = (await readdir(space.folder, { recursive: true })).filter((name) => name.endsWith("-part"));
    assert.deepEqual(parts, []);
  });

  test("Ctrl-C ends a pull at once, and the next one continues there", async () => {
    const model = await largeModel(join(folder, "stopped"), 32 * mebibyte);
    await hub.publish("acme/large", model.folder);
    hub.cutAfterBytes = 4 * mebibyte;
    await using space = await machine();
    const pulling = space.start("model", "pull", "acme/large");
    while (hub.sentBytes < 8 * mebibyte) await new Promise(setImmediate);
    pulling.kill("SIGINT");
    const { code, stderr } = await ended(pulling);
    assert.equal(code, 130, stderr);
    assert.match(stderr, /What has arrived is kept/);
    const sentBefore = hub.sentBytes;
    hub.cutAfterBytes = Number.POSITIVE_INFINITY;
    await space.json(0, "model", "pull", "acme/large");
    assert.ok(hub.sentBytes - sentBefore < model.sizeBytes - 2 * mebibyte);
  });

  test("a model that takes images of any size gets the size that its description names", async () => {
    const model = join(folder, "any-size");
    await mkdir(join(model, "onnx"), { recursive: true });
    await cp(join(clip, "preprocessor_config.json"), join(model, "preprocessor_config.json"));
    const patches = { name: "last_hidden_state", shape: ["batch_size", "patches", "numbers"] };
    const input = ["batch_size", "num_channels", "height", "width"];
    await writeFile(join(model, "onnx", "model_quantized.onnx"), tinyOnnx({ type: "float32", input, outputs: {}, patches }));
    await hub.publish("acme/dino", model);
    await using space = await machine();
    const named = ["--set", "embedder.precision=quantized"];
    const { images } = await space.json<{ images: { input: { width: number; height: number }; dimension: number } }>(
      0,
      "model",
      "inspect",
      "hf:acme/dino",
      ...named,
    );
    assert.deepEqual([images.input.width, images.input.height, images.dimension], [32, 32, 32]);
    const { code, stderr } = await space.run("ingest", "photos", "--set", "embedder.model=hf:acme/dino", ...named);
    assert.equal(code, 0, stderr);
  });

  test("large models have their weights in files beside them, and other precisions stay where they are", async () => {
    const model = join(folder, "many-files");
    await cp(clip, model, { recursive: true });
    const names = ["vision_model.onnx_data", "vision_model.onnx_data_1", "vision_model_fp16.onnx", "model.onnx", "decoder.onnx"];
    for (const name of names) await writeFile(join(model, "onnx", name), name);
    await mkdir(join(model, "assets"));
    await writeFile(join(model, "assets", "photo.png"), "no picture");
    await hub.publish("acme/many", model);
    await using space = await machine();
    const { folder: there } = await space.json<Pulled>(0, "model", "pull", "acme/many");
    const found = (await readdir(there, { recursive: true })).filter((name) => name.includes(".")).toSorted();
    assert.deepEqual(found, [
      "config.json",
      "onnx/text_model.onnx",
      "onnx/vision_model.onnx",
      "onnx/vision_model.onnx_data",
      "onnx/vision_model.onnx_data_1",
      "preprocessor_config.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    const config = join(there, "config.json");
    assert.match(await realpath(config), /blobs[/\\][0-9a-f]{40}$/);
    assert.deepEqual(await readFile(config), await readFile(join(clip, "config.json")));
  });
});

async function largeModel(folder: string, sizeBytes: number): Promise<{ folder: string; sizeBytes: number; sha256: string }> {
  const file = join(folder, "onnx", "vision_model.onnx");
  await mkdir(join(folder, "onnx"), { recursive: true });
  const block = randomBytes(mebibyte);
  const out = createWriteStream(file);
  for (let at = 0; at * mebibyte < sizeBytes; at += 1) {
    block.writeUInt32LE(at);
    if (!out.write(Buffer.from(block))) await once(out, "drain");
  }
  out.end();
  await once(out, "close");
  return { folder, sizeBytes, sha256: await sha256Of(file) };
}

async function sha256Of(file: string): Promise<string> {
  const sum = createHash("sha256");
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) sum.update(chunk);
  return sum.digest("hex");
}
