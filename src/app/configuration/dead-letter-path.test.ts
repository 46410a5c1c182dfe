/** One dead-letter file for each collection of each database of each store. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { deadLetterPath } from "./dead-letter-path.js";
import { ServiceConfig } from "./service-config.js";

const pathOf = (milvus: object | null, collection = "photos"): string =>
  deadLetterPath(new ServiceConfig({ lancedb: { path: "data" }, ...(milvus === null ? {} : { milvus }) }).settings(), collection);

test("collections of LanceDB have their files where they always were", () => {
  assert.equal(pathOf(null), join("data", "dead-letters", "photos.jsonl"));
});

test("collections of Milvus have theirs by server and database", () => {
  const here = pathOf({ host: "10.0.0.1", port: 19530 });
  assert.equal(here, join("data", "dead-letters", "milvus", "10.0.0.1_19530", "default", "photos.jsonl"));
  const all = [
    here,
    pathOf(null),
    pathOf({ host: "10.0.0.2", port: 19530 }),
    pathOf({ host: "10.0.0.1", port: 19531 }),
    pathOf({ host: "10.0.0.1", port: 19530, database: "staging" }),
    pathOf({ host: "10.0.0.1", port: 19530 }, "pets"),
  ];
  assert.equal(new Set(all).size, all.length);
});

test("a server's IPv6 address makes a name that every file system takes", () => {
  assert.match(pathOf({ host: "::1" }), /milvus[\\/]__1_19530[\\/]/);
});
