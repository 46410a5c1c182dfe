/** The words of the page for error codes. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { errorCodes } from "../../src/contracts/index.js";
import { requestProblems } from "../../src/server/wire/problems.js";

test("the Chinese words are for codes that exist, and every refusal of a request has some", async () => {
  const text = await readFile("web/src/language/zh-problems.ts", "utf8");
  const worded = new Set([...text.matchAll(/^ {2}(\w+): "/gm)].map(([, code]) => code!));
  const known = new Set([...Object.keys(errorCodes), ...Object.keys(requestProblems), "unreachable"]);
  assert.deepEqual(
    [...worded].filter((code) => !known.has(code)),
    [],
  );
  // The page sends only requests that have these right, and no file in parts.
  const never = ["json_invalid", "request_malformed", "headers_too_large", "method_not_allowed", "model_not_found"];
  const ofParts = [
    "upload_not_found",
    "upload_offset_wrong",
    "upload_incomplete",
    "upload_used",
    "upload_busy",
    "uploads_full",
    "tus_version",
  ];
  assert.deepEqual(
    Object.keys(requestProblems).filter((code) => !worded.has(code)),
    [...never, ...ofParts],
  );
});
