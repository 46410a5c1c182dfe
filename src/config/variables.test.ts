import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { unknownVariables } from "./variables.js";

const schema = z.strictObject({
  log_level: z.string().default("info"),
  async_pipeline: z.strictObject({ insert_batch_size: z.int().default(100) }).prefault({}),
});

test("a variable with our prefix that is no setting is named, with the nearest setting", () => {
  assert.deepEqual(unknownVariables(schema, { HEADRACE_ASYNC_PIPELINE_INSERT_BATCH_SIZE: "5", HEADRACE_LOG_LEVLE: "x" }), [
    'HEADRACE_ASYNC_PIPELINE_INSERT_BATCH_SIZE is no setting, and has no effect. Did you mean "HEADRACE_ASYNC_PIPELINE__INSERT_BATCH_SIZE"?',
    'HEADRACE_LOG_LEVLE is no setting, and has no effect. Did you mean "HEADRACE_LOG_LEVEL"?',
  ]);
  assert.match(unknownVariables(schema, { HEADRACE_FOO: "1" })[0] ?? "", /^HEADRACE_FOO is no setting, .*two underscores/);
});

test("settings and other programs' variables are not mentioned", () => {
  const environment = {
    HEADRACE_LOG_LEVEL: "debug",
    HEADRACE_LOGLEVEL: "debug",
    HEADRACE_ASYNC_PIPELINE__INSERT_BATCH_SIZE: "5",
    HOME: "/root",
  };
  assert.deepEqual(unknownVariables(schema, environment), []);
});
