/** Schemathesis sends requests made from the OpenAPI document, valid and invalid ones, and checks every answer against it. */
import { describe, test } from "node:test";
import { skipUnless } from "../../support/services/required.js";
import { askEverything, installSchemathesis } from "./described-server.js";
import { assertKept } from "./promises.js";

describe("Schemathesis", { skip: await skipUnless("Schemathesis", installSchemathesis) }, () => {
  test("finds no failure of the server, no answer outside its schema, and nothing done without the key for it", {
    timeout: 900_000,
  }, async () => {
    assertKept(await askEverything({ seed: 1, maxExamples: 25, maxExamplesOfOthers: 3 }));
  });
});
