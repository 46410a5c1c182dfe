import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settingsSchema } from "../../src/app/configuration/settings.js";
import { loadSettings, parseSettings } from "../../src/config/index.js";
import { HeadraceError } from "../../src/contracts/index.js";

/** A wrong file, and what its error must say: the key, the line, and what helps. */
type WrongFile = readonly [text: string, key: string, line: number, says: string];

const wrongFiles: readonly WrongFile[] = [
  // Unknown keys: the nearest known one.
  ["milvs:\n  host: db", "milvs", 1, 'Did you mean "milvus"?'],
  ["milvus:\n  hots: db", "milvus.hots", 2, 'Did you mean "host"?'],
  ["milvus:\n  Host: db", "milvus.Host", 2, 'Did you mean "host"?'],
  ["milvus:\n  metricType: IP", "milvus.metricType", 2, 'Did you mean "metric_type"?'],
  ["milvus:\n  ef_construction: 100", "milvus.ef_construction", 2, 'Did you mean "efConstruction"?'],
  ["async-pipeline:\n  queue_maxsize: 1", "async-pipeline", 1, 'Did you mean "async_pipeline"?'],
  ["asyncPipeline: {}", "asyncPipeline", 1, 'Did you mean "async_pipeline"?'],
  ["async_pipeline:\n  preprocess_worker: 2", "async_pipeline.preprocess_worker", 2, 'Did you mean "preprocess_workers"?'],
  ["async_pipeline:\n  queue_max_size: 2", "async_pipeline.queue_max_size", 2, 'Did you mean "queue_maxsize"?'],
  ["preprocess:\n  batch-size: 32", "preprocess.batch-size", 2, 'Did you mean "batch_size"?'],
  ["preprocess:\n  mean: [0, 0, 0]\n  stdd: [1, 1, 1]", "preprocess.stdd", 3, 'Did you mean "std"?'],
  ["triton:\n  modelname: clip", "triton.modelname", 2, 'Did you mean "model_name"?'],
  ["triton:\n  time_out: 5", "triton.time_out", 2, 'Did you mean "timeout"?'],
  ["lancedb:\n  folder: ./data", "lancedb.folder", 2, "Known here: path, "],
  ["limits:\n  max_failure: 3", "limits.max_failure", 2, 'Did you mean "max_failures"?'],
  ["insert:\n  flushes: never", "insert.flushes", 2, 'Did you mean "flush"?'],
  ["logging:\n  lvl: info", "logging.lvl", 2, 'Did you mean "level"?'],
  ["server:\n  bind: localhost", "server.bind", 2, "Known here: host, port"],
  ["embedder:\n  modell: x.onnx", "embedder.modell", 2, 'Did you mean "model"?'],
  ["collections:\n  - name: a\n    indexx: {}", "collections.0.indexx", 3, 'Did you mean "index"?'],
  [
    "collections:\n  - name: a\n    schema:\n      fields:\n        - nam: id",
    "collections.0.schema.fields.0.nam",
    5,
    'Did you mean "name"?',
  ],
  ["# nothing\n\nbatch_size: 32", "batch_size", 3, "Known here: async_pipeline"],
  ["__proto__:\n  host: db", "__proto__", 1, "Unknown setting"],
  ["milvus: {host: db, prt: 1}", "milvus.prt", 1, 'Did you mean "port"?'],
  // Values of the wrong kind.
  ["milvus:\n  port: abc", "milvus.port", 2, 'expected a whole number, 1 to 65535, found "abc"'],
  ["milvus:\n  port: 0", "milvus.port", 2, "expected a whole number, 1 to 65535, found 0"],
  ["milvus:\n  port: 70000", "milvus.port", 2, "1 to 65535, found 70000"],
  ["milvus:\n  port: 19530.5", "milvus.port", 2, "expected a whole number, 1 to 65535, found 19530.5"],
  ["milvus:\n  host:\n  port: 1", "milvus.host", 2, "expected text, found nothing"],
  ["milvus:\n  host: 5", "milvus.host", 2, "expected text, found 5"],
  ["milvus:\n  host: ''", "milvus.host", 2, 'expected text, found ""'],
  ["milvus: localhost", "milvus", 1, 'expected a section, or null, found "localhost"'],
  ["milvus: [1]", "milvus", 1, "expected a section, or null, found [1]"],
  ["milvus:\n  metric_type: cosinus", "milvus.metric_type", 2, 'Did you mean "COSINE"?'],
  ["milvus:\n  metric_type: HAMMING", "milvus.metric_type", 2, "expected one of COSINE, IP, L2"],
  ["milvus:\n  index_type: HNSV", "milvus.index_type", 2, 'Did you mean "HNSW"?'],
  ["milvus:\n  secure: maybe", "milvus.secure", 2, "expected true or false"],
  ["milvus:\n  secure: yes", "milvus.secure", 2, 'expected true or false, found "yes"'],
  ["milvus:\n  M: sixteen", "milvus.M", 2, "expected a whole number, 2 to 2048, or null"],
  ["milvus:\n  team_size: 3", "milvus.team_size", 2, ", found 3"],
  ["milvus:\n  timeout: -1", "milvus.timeout", 2, "expected a number above 0, found -1"],
  [
    "async_pipeline:\n  preprocess_workers: 0",
    "async_pipeline.preprocess_workers",
    2,
    "expected a whole number of at least 1, or null, found 0",
  ],
  ["async_pipeline:\n  queue_maxsize: '100'", "async_pipeline.queue_maxsize", 2, 'expected a whole number of at least 1, found "100"'],
  ["async_pipeline:\n  insert_batch_size: 1e3.5", "async_pipeline.insert_batch_size", 2, 'found "1e3.5"'],
  ["async_pipeline: 4", "async_pipeline", 1, "expected a section, found 4"],
  [
    "preprocess:\n  image_size: 224",
    "preprocess.image_size",
    2,
    "expected a list of 2, each a whole number of at least 1, or null, found 224",
  ],
  ["preprocess:\n  image_size: [224]", "preprocess.image_size", 2, "expected a list of 2"],
  ["preprocess:\n  image_size: [224, 224, 3]", "preprocess.image_size", 2, "expected a list of 2"],
  ["preprocess:\n  mean:\n    - 0.5\n    - a\n    - 0.5", "preprocess.mean.1", 4, 'expected a number, found "a"'],
  ["preprocess:\n  preset: clipp", "preprocess.preset", 2, 'Did you mean "clip"?'],
  ["preprocess:\n  data_format: HWC", "preprocess.data_format", 2, 'Did you mean "NHWC"?'],
  ["preprocess:\n  backend: torch", "preprocess.backend", 2, "expected one of auto, native, jax, server"],
  ["embedder:\n  kind: tritn", "embedder.kind", 2, 'Did you mean "triton"?'],
  ["triton:\n  transport: grpcs", "triton.transport", 2, 'Did you mean "grpc"?'],
  ["triton:\n  protocol: tcp", "triton.protocol", 2, "expected one of auto, http, grpc, shm"],
  ["triton:\n  transport: http\n  protocol: grpc", "triton.protocol", 3, "its alias `protocol`"],
  ["triton:\n  urls: []", "triton.urls", 2, "expected a list of at least 1, each text, or null, found []"],
  ["triton:\n  max_retries: -1", "triton.max_retries", 2, "expected a whole number of at least 0"],
  ["lancedb:\n  path: s3://bucket/data", "lancedb.path", 2, "expected a local folder"],
  ["limits:\n  max_failure_ratio: 5", "limits.max_failure_ratio", 2, "expected a number, 0 to 1, or null, found 5"],
  ["log_level: loud", "log_level", 1, "expected one of debug, info, warning, warn, error, critical, or null"],
  ["log_level: 10", "log_level", 1, ", found 10"],
  ["collections:\n  name: a", "collections", 1, "expected a list, each a section"],
  ["collections:\n  - description: x", "collections.0.name", 2, "expected text, found nothing"],
  [
    "collections:\n  - name: a\n    schema:\n      fields:\n        - {name: id, type: INT63}",
    "collections.0.schema.fields.0.type",
    5,
    'Did you mean "INT64"?',
  ],
];

const notYaml: readonly (readonly [text: string, line: number, says: string])[] = [
  ["milvus:\n\thost: db", 2, "a tab is used for indentation"],
  ["milvus:\n  host: a\n  host: b", 3, "a key occurs twice"],
  ["milvus:\n  host: 'db", 2, "not closed"],
  ["preprocess:\n  mean: [0.1, 0.2", 2, "a bracket is not closed"],
  ["milvus:\n  host: a: b", 2, "a second key on one line"],
  ["milvus:\n  password: @hunter2", 2, "must be quoted"],
  ["milvus:\n  password: !hunter2", 2, "must be quoted"],
  ["milvus: {}\n---\nmilvus: {}", 2, "a second document"],
];

describe("a wrong configuration file", () => {
  for (const [text, key, line, says] of wrongFiles) {
    it(`${JSON.stringify(text)} names ${key}, line ${line}, and what helps`, () => {
      const error = failure(text);
      assert.equal(error.code, "config_invalid");
      assert.equal(error.item, key);
      assert.ok(error.message.includes(`"${key}" (headrace.yaml:${line})`), error.message);
      assert.ok(error.message.includes(says), error.message);
      assert.notEqual(error.hint, "");
    });
  }

  for (const [text, line, says] of notYaml) {
    it(`${JSON.stringify(text)} is no YAML: names line ${line}, and what helps`, () => {
      const { code, message } = failure(text);
      assert.equal(code, "config_invalid");
      assert.ok(message.startsWith(`headrace.yaml:${line} is not valid YAML`), message);
      assert.ok(message.includes(says), message);
    });
  }

  it("with several mistakes names all of them", () => {
    const { message } = failure("milvus:\n  hots: db\n  port: x\nlogging:\n  level: loud");
    assert.match(message, /^3 settings are wrong:/);
    for (const place of ["headrace.yaml:2", "headrace.yaml:3", "headrace.yaml:5"]) assert.ok(message.includes(place), message);
  });

  it("that is a list or a word is told so", () => {
    assert.match(failure("- a\n- b").message, /found a list/);
    assert.match(failure("hello").message, /found a single value/);
  });
});

function failure(text: string): HeadraceError {
  try {
    loadSettings(settingsSchema, parseSettings(text, "headrace.yaml"), []);
  } catch (error) {
    if (HeadraceError.is(error)) return error;
    throw error;
  }
  assert.fail(`Expected an error for ${JSON.stringify(text)}.`);
}
