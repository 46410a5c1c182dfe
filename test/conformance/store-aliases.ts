/** What a store promises of aliases: second names of collections. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { calm, dimension, idsOf } from "./store-rows-data.js";
import { rejects, type StoreSuite } from "./store-suite.js";

/** Registers the tests of aliases. Each test uses its own alias, and the aliases are dropped at the end. */
export function aliasTests(suite: StoreSuite): void {
  describe("aliases", () => {
    const made = new Set<string>();
    const set = async (alias: string, collection: string): Promise<void> => {
      made.add(alias);
      await suite.store.setAlias(alias, collection);
    };
    const listed = async () => (await suite.store.aliases()).filter(({ alias }) => made.has(alias));
    after(async () => {
      for (const { alias } of await listed()) await suite.store.dropAlias(alias);
    });

    it("an alias opens its collection for reading and writing, which keeps its own name", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [{ id: "a" }]);
      await collection.close();
      await set("conformance_alias_open", collection.name);
      const writer = await suite.store.openCollection("conformance_alias_open", "write");
      await suite.upsert(writer, [{ id: "b" }]);
      await writer.settle(calm);
      await writer.close();
      const reader = await suite.store.openCollection("conformance_alias_open", "read");
      assert.equal(reader.name, collection.name);
      assert.equal((await reader.stats()).name, collection.name);
      assert.deepEqual([...(await idsOf(reader))].sort(), ["a", "b"]);
      await reader.close();
      assert.equal(
        (await suite.store.list()).some(({ name }) => name === "conformance_alias_open"),
        false,
      );
    });

    it("an alias is listed with its collection, and can be set to another one; what is open stays as it was", async () => {
      const [first, second] = [await suite.create(), await suite.create()];
      await suite.upsert(first, [{ id: "first" }]);
      await suite.upsert(second, [{ id: "second" }]);
      await set("conformance_alias_moves", first.name);
      await set("conformance_alias_moves", first.name);
      const before = await suite.store.openCollection("conformance_alias_moves", "read");
      await set("conformance_alias_moves", second.name);
      assert.deepEqual(
        (await listed()).filter(({ alias }) => alias === "conformance_alias_moves"),
        [{ alias: "conformance_alias_moves", collection: second.name }],
      );
      const now = await suite.store.openCollection("conformance_alias_moves", "read");
      assert.deepEqual([await idsOf(before), await idsOf(now)], [["first"], ["second"]]);
      await before.close();
      await now.close();
    });

    it("collections and aliases cannot have the same name", async () => {
      const [collection, other] = [await suite.create(), await suite.create()];
      await set("conformance_alias_taken", collection.name);
      await rejects("collection_exists", suite.store.create("conformance_alias_taken", { dimension, metric: "cosine", passport: null }));
      await rejects("collection_exists", suite.store.setAlias(other.name, collection.name));
      await rejects("collection_not_found", suite.store.setAlias("conformance_alias_lost", "conformance_absent"));
      await rejects("collection_not_found", suite.store.setAlias("conformance_alias_lost", "conformance_alias_taken"));
      for (const bad of ["", "a b", "../up", "1st", "a.b"]) {
        await rejects("name_invalid", suite.store.setAlias(bad, collection.name));
        await rejects("name_invalid", suite.store.setAlias("conformance_alias_lost", bad));
        await rejects("name_invalid", suite.store.dropAlias(bad));
      }
    });

    it("a collection with an alias is not dropped, by neither name, until the alias is dropped", async () => {
      const collection = await suite.create();
      await collection.close();
      await set("conformance_alias_holds", collection.name);
      await rejects("collection_aliased", suite.store.drop(collection.name));
      await rejects("collection_aliased", suite.store.drop("conformance_alias_holds"));
      await suite.store.dropAlias("conformance_alias_holds");
      await rejects("alias_not_found", suite.store.dropAlias("conformance_alias_holds"));
      await rejects("collection_not_found", suite.store.openCollection("conformance_alias_holds", "read"));
      await suite.store.drop(collection.name);
    });

    it("aliases that are set at the same time are all set", async () => {
      const collection = await suite.create();
      const names = Array.from({ length: 8 }, (_, index) => `conformance_alias_many_${index}`);
      await Promise.all(names.map((name) => set(name, collection.name)));
      assert.deepEqual(
        (await listed()).filter((each) => each.collection === collection.name).map(({ alias }) => alias),
        names,
      );
    });
  });
}
