import assert from "node:assert/strict";
import { test } from "node:test";
import { backOffMs } from "./backoff.js";

test("a back-off doubles up to its limit, also after thousands of failures", () => {
  const backoff = { baseDelayMs: 100, maxDelayMs: 500 };
  assert.deepEqual(
    [1, 2, 3, 4, 5000].map((failures) => backOffMs(backoff, failures)),
    [100, 200, 400, 500, 500],
  );
});
