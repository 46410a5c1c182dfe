import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { decodeWorkersOf } from "../wiring/registry.js";
import { ServiceConfig } from "./service-config.js";
import { type Settings, settingsSchema } from "./settings.js";

const specification = "test/config/specification.yaml";
const python = "test/config/python-service.yaml";

describe("ServiceConfig", () => {
  it("reads the specification's file", async () => {
    const { asyncPipeline, preprocess, notices } = await ServiceConfig.fromYaml(specification);
    const { preprocessWorkers, embeddingWorkers, insertBatchSize, queueMaxsize } = asyncPipeline;
    assert.deepEqual([preprocessWorkers, embeddingWorkers, insertBatchSize, queueMaxsize, preprocess.batchSize], [2, 1, 100, 100, 32]);
    assert.deepEqual(notices, []);
  });

  it("has the specification's defaults", async () => {
    const { asyncPipeline, preprocess } = new ServiceConfig();
    const fromFile = await ServiceConfig.fromYaml(specification);
    // By default, these two are the machine's and the model's.
    assert.deepEqual(asyncPipeline, { ...fromFile.asyncPipeline, preprocessWorkers: null });
    assert.deepEqual(preprocess, { ...fromFile.preprocess, batchSize: null });
  });

  it("has at least the specification's decode workers, and one less than the machine has cores", () => {
    const workers = decodeWorkersOf(new ServiceConfig().settings());
    assert.equal(workers, Math.max(2, availableParallelism() - 1));
  });

  it("reads a file of the Python service, and notes what has no effect here", async () => {
    const config = await ServiceConfig.fromYaml(python);
    assert.deepEqual(
      [config.triton?.modelName, config.triton?.modelVersion, config.triton?.transport, config.triton?.timeout],
      ["clip_image_encoder", "1", "http", 60],
    );
    assert.deepEqual(
      [config.milvus?.indexType, config.milvus?.metricType, config.milvus?.M, config.milvus?.efConstruction, config.milvus?.nbits],
      ["GPU_IVF_PQ", "IP", 16, 200, 8],
    );
    assert.deepEqual(config.preprocess.imageSize, [224, 224]);
    assert.deepEqual([config.collections[0]?.index.params.nlist, config.collections[0]?.searchParams.nprobe], [1024, 16]);
    assert.equal(config.logging.level, "info");
    assert.equal(config.notices.length, 1);
    assert.deepEqual(
      [...(config.notices[0] ?? "").matchAll(/"([^"]+)" \(\S+python-service\.yaml:\d+\)/g)].map(([, path]) => path),
      [
        "preprocess.jax_platform",
        "collections.0.schema.fields.0.auto_id",
        "collections.0.schema.fields.1.dim",
        "collections.0.index.field_name",
      ],
    );
  });

  it("shows other names under the names that they stand for", async () => {
    const settings = (await ServiceConfig.fromYaml(python)).explain();
    const transport = settings.find(({ path }) => path === "triton.transport");
    const level = settings.find(({ path }) => path === "logging.level");
    assert.match(String(transport?.origin), /python-service\.yaml:\d+, as triton\.protocol$/);
    assert.match(String(level?.origin), /python-service\.yaml:\d+, as log_level$/);
  });

  it("what it writes, it reads: the same settings", async (context) => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-config-"));
    context.after(() => rm(folder, { recursive: true }));
    const config = await ServiceConfig.fromYaml(python);
    await config.toYaml(join(folder, "written.yaml"));
    assert.deepEqual((await ServiceConfig.fromYaml(join(folder, "written.yaml"))).settings(), config.settings());
    const none = new ServiceConfig();
    await none.toYaml(join(folder, "none.yaml"));
    assert.match(await readFile(join(folder, "none.yaml"), "utf8"), /^triton: null$/m);
    assert.equal((await ServiceConfig.fromYaml(join(folder, "none.yaml"))).triton, null);
  });

  it("checks what is changed in code when it is used", () => {
    const config = new ServiceConfig({ asyncPipeline: { preprocessWorkers: 4 } });
    assert.equal(config.settings().asyncPipeline.preprocessWorkers, 4);
    config.asyncPipeline.queueMaxsize = 0;
    assert.throws(() => config.settings(), { code: "config_invalid", item: "async_pipeline.queue_maxsize" });
  });

  it("names what code means in code's spelling, and does not take a file's", () => {
    const changes = { milvus: { metric_type: "IP" } } as unknown as Settings;
    assert.throws(() => new ServiceConfig(changes), { message: 'Unknown setting "milvus.metric_type". Did you mean "metricType"?' });
  });

  it("is parsed once when it is loaded, and once more when its settings are taken", async (context) => {
    const parse = context.mock.method(settingsSchema, "safeParse");
    const config = await ServiceConfig.fromYaml(python);
    assert.equal(parse.mock.callCount(), 1);
    config.settings();
    assert.equal(parse.mock.callCount(), 2);
  });
});

it("names of headers stay as they were written, in code and in files", async () => {
  const headers = { Authorization: "Bearer hunter2", x_api_key: "b" };
  const config = new ServiceConfig({ triton: { headers } });
  assert.deepEqual(config.settings().triton?.headers, headers);
  const loaded = await ServiceConfig.load({ flags: ["triton.headers.Authorization=Bearer hunter2", "triton.headers.x_api_key=b"] });
  assert.deepEqual(loaded.settings().triton?.headers, headers);
  assert.ok(!JSON.stringify(loaded.explain()).includes("hunter2"));
});
