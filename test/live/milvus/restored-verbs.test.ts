/** What the commands that delete rows of Milvus took comes back with `headrace restore`, bit for bit. */
import assert from "node:assert/strict";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import type { Metadata, StoredRow } from "../../../src/contracts/index.js";
import { metadataHash } from "../../../src/kit/index.js";
import { batchOf } from "../../conformance/store-rows-data.js";
import { type Workspace, workspace } from "../../flow/command.js";
import { everyBit } from "../../support/stored-rows.js";
import { calm, LiveMilvus, missing } from "./milvus.js";

const golden = resolve("test", "fidelity", "golden");
const pictures = ["coffee", "chelsea", "hubble", "retina", "rocket"];
const copies = ["copy-1", "copy-2", "copy-3"];

/** Metadata of each type, other ones in each row. */
function metadataOf(index: number): Metadata {
  return {
    number: index,
    ...(index % 2 === 0
      ? { text: `„${index}“ \t\u{1F600}\u2028`, flag: index % 4 === 0 }
      : { fraction: index / 3, big: 2 ** 53 + 2 * index }),
  };
}

describe("deleted rows of Milvus", { skip: missing }, () => {
  const live = new LiveMilvus("restored_");

  it("come back after dedupe --delete", async () => {
    const name = "restored_dedupe";
    await using space = await filled(name);
    const before = await bits(name);
    assert.equal(before.length, pictures.length + copies.length);
    const { deleted } = await space.json(0, "dedupe", name, "--delete", "--yes");
    assert.equal(deleted, copies.length);
    assert.equal((await bits(name)).length, pictures.length);
    await comesBack(space, name, { command: "dedupe", rows: copies.length });
    assert.deepEqual(await bits(name), before);
  });

  it("come back after sync --prune", async () => {
    const name = "restored_prune";
    await using space = await filled(name);
    const before = await bits(name);
    for (const copy of copies) await rm(join(space.folder, "photos", `${copy}.jpg`));
    const { missing: gone, pruned, kept } = await space.json(0, "sync", "photos", "--collection", name, "--prune");
    assert.deepEqual([gone, pruned, kept], [copies.length, copies.length, {}]);
    assert.equal((await bits(name)).length, pictures.length);
    await comesBack(space, name, { command: "sync", rows: copies.length });
    assert.deepEqual(await bits(name), before);
  });

  it("come back after reembed --finish, beside the collection of the new model", async (context) => {
    const name = "restored_finish";
    const alias = "restored_finish_live";
    await using space = await filled(name);
    context.after(() => dropAliases([alias, name]));
    const before = await bits(name);
    await writeFile(join(space.folder, "new.yaml"), configuration("preprocess:\n  preset: clip\n"));
    await space.json(0, "reembed", name, "--alias", alias, "--config", "new.yaml");
    const after = await bits(alias);
    assert.notDeepEqual(after, before);
    const finished = await space.json(0, "reembed", alias, "--finish", "--yes");
    assert.deepEqual([finished["dropped"], finished["rows"]], [name, before.length]);
    assert.deepEqual(await bits(name), after, "the name of the old collection is an alias of the new one");
    await comesBack(space, name, { command: "reembed --finish", rows: before.length }, "--to", "restored_finish_before");
    assert.deepEqual(await bits("restored_finish_before"), before);
    assert.deepEqual(await bits(alias), after);
  });

  /** A folder of images, which are stored in a new collection with metadata. */
  async function filled(name: string): Promise<Workspace> {
    const space = await workspace();
    await mkdir(join(space.folder, "photos"));
    for (const picture of pictures) await copyFile(join(golden, `${picture}.jpg`), join(space.folder, "photos", `${picture}.jpg`));
    for (const copy of copies) await copyFile(join(golden, "coffee.jpg"), join(space.folder, "photos", `${copy}.jpg`));
    await writeFile(join(space.folder, "headrace.yaml"), configuration());
    await space.json(0, "sync", "photos", "--collection", name);
    await describeRows(name);
    return space;
  }

  /** Gives each row other metadata, as a program may. */
  async function describeRows(name: string): Promise<void> {
    const collection = await (await live.store()).openCollection(name, "write");
    const stored: StoredRow[] = [];
    for await (const rows of collection.scan({ vectors: "include" })) stored.push(...rows);
    const rows = stored.map(({ id, vector, facts }, index) => {
      const metadata = { ...facts.metadata, ...metadataOf(index) };
      return { id, vector: [...vector!], facts: { ...facts, metadata, metadataHash: metadataHash(metadata) } };
    });
    assert.deepEqual(await collection.upsert(batchOf(rows), calm), []);
    await collection.close();
  }

  function configuration(more = ""): string {
    const { host, port } = live.settings();
    return `milvus: { host: "${host}", port: ${port}, index_type: FLAT }\n${more}`;
  }

  async function bits(name: string): Promise<readonly object[]> {
    const collection = await (await live.store()).openCollection(name, "read");
    return everyBit(collection).finally(() => collection.close());
  }

  async function dropAliases(aliases: readonly string[]): Promise<void> {
    const store = await live.store();
    for (const { alias } of await store.aliases()) if (aliases.includes(alias)) await store.dropAlias(alias);
  }
});

/** The newest file is the expected one, and a restoration stores its rows once. */
async function comesBack(
  space: Workspace,
  name: string,
  { command, rows }: { readonly command: string; readonly rows: number },
  ...more: readonly string[]
): Promise<void> {
  const { files } = await space.json<{ files: readonly { rows: number; command: string }[] }>(0, "restore", name);
  assert.deepEqual(
    files.map((file) => [file.command, file.rows]),
    [[command, rows]],
  );
  for (const [restored, skipped] of [
    [rows, 0],
    [0, rows],
  ]) {
    const report = await space.json(0, "restore", name, "latest", ...more);
    assert.deepEqual([report["restored"], report["skipped"], report["failed"]], [restored, skipped, 0]);
  }
}
