/** `verify --repair` writes over damaged rows. It deletes none, and loses no metadata. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { connect } from "@lancedb/lancedb";
import type { ListingRequest } from "../../src/app/index.js";
import { collectionName, type Mirror, mirror } from "./mirror.js";

const captions = async (made: Mirror) =>
  Object.fromEntries((await made.rows()).map(({ facts }) => [facts.source.split("/").at(-1), facts.metadata["caption"] ?? null]));

/** Two images with captions, whose vectors are zeros, and one that is well. */
async function damaged(): Promise<Mirror> {
  const made = await mirror();
  await made.write(["photos/a.jpg", "photos/b.jpg", "photos/c.jpg"]);
  const images = ["a", "b", "c"].map((name) => ({ input: made.at(`photos/${name}.jpg`), metadata: { caption: `of ${name}` } }));
  await made.insert(images);
  const dimension = (await made.rows())[0]?.vector?.length ?? 0;
  const store = await connect(made.at("data"));
  const table = await store.openTable(collectionName);
  const zeros = `[${Array.from({ length: dimension }, () => "0.0").join(",")}]`;
  await table.update({ where: "source NOT LIKE '%c.jpg'", valuesSql: { vector: zeros } });
  table.close();
  return made;
}

test("a damaged row gets a new vector and keeps its metadata", async () => {
  await using made = await damaged();
  const source = { paths: [made.at("photos")] };
  const found = await made.pipeline.verify({ source, collectionName, purpose: "report" });
  assert.deepEqual([found.damaged, found.missing, found.changed], [2, 0, 0]);
  const repaired = await made.pipeline.verify({ source, collectionName, purpose: "repair" });
  assert.deepEqual([repaired.repaired, repaired.repair?.failed], [2, 0]);
  const after = await made.pipeline.verify({ source, collectionName, purpose: "report" });
  assert.deepEqual([after.damaged, after.missing, after.changed], [0, 0, 0]);
  assert.deepEqual(await captions(made), { "a.jpg": "of a", "b.jpg": "of b", "c.jpg": "of c" });
});

test("a damaged row stays if its image cannot be read, and the others are repaired", async () => {
  await using made = await damaged();
  let listings = 0;
  const source: ListingRequest = {
    paths: [made.at("photos")],
    admit: async (ref) => {
      if (ref.uri.endsWith("a.jpg")) listings += 1;
      if (listings === 2) await rm(made.at("photos/a.jpg"), { force: true });
      return ref;
    },
  };
  const { repaired, repair } = await made.pipeline.verify({ source, collectionName, purpose: "repair" });
  assert.deepEqual([repaired, repair?.failed], [1, 1]);
  assert.deepEqual(await captions(made), { "a.jpg": "of a", "b.jpg": "of b", "c.jpg": "of c" });
});
