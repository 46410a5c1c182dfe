/** The hub's own Python package and Headrace use the same cache, and the same stand-in for the hub. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { cleanEnvironment, workspace } from "../../flow/command.js";
import { HubServer } from "../../support/hub-server.js";
import { installHuggingfaceHub } from "../../support/services/huggingface.js";
import { skipUnless } from "../../support/services/required.js";

const skip = await skipUnless("huggingface_hub", installHuggingfaceHub);
const clip = resolve("test", "fidelity", "clip", "model");
const run = promisify(execFile);

describe("the cache of models", { skip }, () => {
  let hub: HubServer;
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-hub-"));
    hub = await HubServer.start();
    await hub.publish("acme/tiny-clip", clip);
  });
  after(async () => {
    await hub.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs one line of Python, and returns what it prints. */
  async function python(code: string, variables: Readonly<Record<string, string>>): Promise<string> {
    const { python } = await installHuggingfaceHub();
    const env = {
      ...cleanEnvironment(),
      HF_ENDPOINT: hub.url,
      HF_HUB_DISABLE_TELEMETRY: "1",
      HF_HUB_DISABLE_PROGRESS_BARS: "1",
      ...variables,
    };
    return (await run(python, ["-c", code], { env })).stdout.trim();
  }

  test("a model that Headrace has pulled is there for Python, online and offline", async () => {
    const HF_HOME = await mkdtemp(join(folder, "ours-"));
    await using space = await workspace({ HF_ENDPOINT: hub.url, HF_HOME });
    const { folder: pulled } = await space.json<{ folder: string }>(0, "model", "pull", "acme/tiny-clip");
    const file = "from huggingface_hub import hf_hub_download; print(hf_hub_download('acme/tiny-clip', 'onnx/vision_model.onnx'))";
    const path = await python(file, { HF_HOME, HF_HUB_OFFLINE: "1" });
    assert.equal(path, join(pulled, "onnx", "vision_model.onnx"));
    assert.deepEqual(await readFile(path), await readFile(join(clip, "onnx", "vision_model.onnx")));
    hub.forget();
    const all = "from huggingface_hub import snapshot_download; print(snapshot_download('acme/tiny-clip'))";
    assert.equal(await python(all, { HF_HOME }), pulled);
    assert.equal(hub.sentBytes, 0, "Python fetched nothing again");
    assert.ok(hub.requests.length > 0);
  });

  test("a model that Python has fetched is there for Headrace", async () => {
    const HF_HOME = await mkdtemp(join(folder, "theirs-"));
    const all = "from huggingface_hub import snapshot_download; print(snapshot_download('acme/tiny-clip'))";
    const fetched = await python(all, { HF_HOME });
    await using offline = await workspace({ HF_ENDPOINT: hub.url, HF_HOME, HF_HUB_OFFLINE: "1" });
    const { images, texts } = await offline.json<{ images: { label: string }; texts: object | null }>(
      0,
      "model",
      "inspect",
      "hf:acme/tiny-clip",
    );
    assert.match(images.label, /^acme\/tiny-clip@[0-9a-f]{7}/);
    assert.ok(texts !== null);
    hub.forget();
    await using online = await workspace({ HF_ENDPOINT: hub.url, HF_HOME });
    const { folder: pulled } = await online.json<{ folder: string }>(0, "model", "pull", "acme/tiny-clip");
    assert.deepEqual([pulled, hub.sentBytes], [fetched, 0]);
  });
});
