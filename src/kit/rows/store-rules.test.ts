import assert from "node:assert/strict";
import { it } from "node:test";
import { type MetadataType, maxMetadataKeys } from "./metadata.js";
import { planUpsert } from "./store-rules.js";

it("a collection with more keys than the limit, as several processes may register them, takes rows with its keys and refuses new keys", () => {
  const names = Array.from({ length: maxMetadataKeys + 1 }, (_, index) => `key_${index}`);
  const columns = new Map<string, MetadataType>(names.map((name) => [name, "number"]));
  const facts = [{}, { key_0: 1 }, { other: 1 }].map((metadata) => ({
    ...{ source: "", root: "", version: "", content: "", metadataHash: "", width: 1, height: 1 },
    metadata,
  }));
  const batch = { ids: ["a", "b", "c"], vectors: Float32Array.of(1, 1, 1), dimension: 1, facts, ingestedAt: 0 };
  const { accepted, failures } = planUpsert(batch, { dimension: 1, metric: "l2", idType: "text", vectorType: "float32", columns });
  assert.deepEqual(accepted, [0, 1]);
  assert.deepEqual(
    failures.map(({ index, error }) => [index, error.code]),
    [[2, "metadata_name"]],
  );
});
