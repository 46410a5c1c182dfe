/** What the command exports is served as it stands; the doctor says what is wrong before, and what could be better after. */
import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Finding } from "../../../src/contracts/index.js";
import { workspace } from "../../flow/command.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton } from "../../support/services/triton.js";

const skip = await skipUnless("Triton", installTriton);
const root = fileURLToPath(new URL("../../../../", import.meta.url));

interface Diagnosis {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

describe("headrace with Triton", { skip, concurrency: false }, () => {
  test("exports the shipped model, finds the server well, and uses it", async () => {
    await using space = await workspace();
    const exported = await space.json(0, "triton", "export", "--output", "models", "--backend", "python", "--max-batch", "16");
    assert.equal(exported["modelName"], "efficientnet_lite0");
    const server = await startTriton({ models: [], repository: join(space.folder, "models") });
    try {
      const url = ["--set", `triton.url=${server.httpUrl}`];
      const { ok, findings } = await space.json<Diagnosis>(0, "doctor", ...url);
      assert.deepEqual([ok, findings], [true, []]);
      const photo = join(space.folder, "coffee.jpg");
      await copyFile(join(root, "test", "fidelity", "golden", "coffee.jpg"), photo);
      assert.equal((await space.json(0, "ingest", photo, ...url))["stored"], 1);
      const slower = await space.json<Diagnosis>(0, "doctor", ...url, "--set", "triton.transport=http");
      assert.match(slower.findings.map(({ message }) => message).join(), /tensors travel over http/);
      assert.equal(slower.ok, true);
    } finally {
      await server.stop();
    }
    const gone = await space.json<Diagnosis>(1, "doctor", "--set", `triton.url=${server.httpUrl}`);
    assert.deepEqual(
      gone.findings.map(({ severity, part }) => [severity, part]),
      [["problem", "embedder triton"]],
    );
  });

  test("doctor says that two servers have other weights under one name", async () => {
    const model = { kind: "sleeping", name: "m", baseMs: 0, rowMs: 0, dimension: 16, size: 8 } as const;
    const [a, b] = await Promise.all([startTriton({ models: [model] }), startTriton({ models: [{ ...model, seeds: [8] }] })]);
    try {
      await using space = await workspace();
      const set = [`triton.urls=[${a.httpUrl}, ${b.httpUrl}]`, "triton.model_name=m", "preprocess.preset=none"];
      const { findings } = await space.json<Diagnosis>(1, "doctor", ...set.flatMap((setting) => ["--set", setting]));
      assert.match(findings.map(({ message }) => message).join(), new RegExp(`model_mismatch.*${b.httpUrl}.*${a.httpUrl}`));
    } finally {
      await Promise.all([a.stop(), b.stop()]);
    }
  });

  test("exports an ONNX file with the weights beside it, under its own name, and refuses what cannot be", async () => {
    await using space = await workspace();
    const model = join(root, "models", "efficientnet-lite0.onnx");
    const { files } = await space.json<{ files: readonly string[] }>(0, "triton", "export", "--output", "models", "--model", model);
    assert.deepEqual(
      files.map((file) => file.split("/models/")[1]),
      ["efficientnet-lite0/config.pbtxt", "efficientnet-lite0/1/model.onnx", "efficientnet-lite0/1/efficientnet-lite0.onnx.data"],
    );
    const ensemble = ["triton", "export", "--output", "both", "--model", model, "--preset", "efficientnet-lite", "--ensemble"];
    assert.equal((await space.json(0, ...ensemble))["modelName"], "efficientnet-lite0_ensemble");
    assert.match((await space.run("triton", "export", "--output", "shipped", "--ensemble")).stderr, /found one that takes uint8/);
    const again = await space.run("triton", "export", "--output", "models", "--model", model);
    assert.deepEqual([again.code, /\[input_invalid\]/.test(again.stderr)], [2, true]);
    const large = await space.run("triton", "export", "--output", "other", "--preferred-batch", "16,65");
    assert.match(large.stderr, /preferredBatch of at most maxBatch 64, found 65/);
    assert.equal((await space.run("triton", "export", "--output", "other", "--preferred-batch", "16,x")).code, 2);
  });
});
