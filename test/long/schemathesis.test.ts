/**
 * Schemathesis with seeds of its own, more requests than in the quick test, and a real store. `HEADRACE_SCHEMATHESIS_SEEDS=7,8` plays
 * others. `npm run schemathesis`
 */
import { describe, test } from "node:test";
import { askEverything, installSchemathesis } from "../live/openapi/described-server.js";
import { assertKept } from "../live/openapi/promises.js";
import { skipUnless } from "../support/services/required.js";

const seeds = (process.env["HEADRACE_SCHEMATHESIS_SEEDS"] ?? "101,102,103").split(",").map(Number);

describe("Schemathesis", { skip: await skipUnless("Schemathesis", installSchemathesis) }, () => {
  for (const seed of seeds) {
    test(`seed ${seed}: no failure of the server, no answer outside its document, and nothing done without the key for it`, {
      timeout: 1_800_000,
    }, async (context) => {
      const asked = await askEverything({ seed, maxExamples: 50, maxExamplesOfOthers: 20, store: "lancedb" });
      assertKept(asked);
      context.diagnostic(`${asked.length} requests`);
    });
  }
});
