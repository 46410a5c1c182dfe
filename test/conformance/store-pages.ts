/** What a store promises of pages of rows, if it reads them itself. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Collection, Key } from "../../src/contracts/index.js";
import { parseFilter } from "../../src/filter/index.js";
import { rowPage } from "../../src/operations/index.js";
import type { StoreSuite } from "./store-suite.js";

/** Registers the tests of pages. */
export function pageTests(suite: StoreSuite): void {
  describe("pages", () => {
    const keysOf = async (collection: Collection, limit: number, filter?: string): Promise<readonly Key[]> => {
      const keys: Key[] = [];
      for (let after: Key | null = null; ; after = keys.at(-1) ?? null) {
        const given = filter === undefined ? {} : { filter: parseFilter(filter) };
        const rows = await rowPage(collection, { after, limit, vectors: "include", ...given });
        assert.ok(rows.every(({ vector }) => vector !== null));
        keys.push(...rows.map(({ id }) => id));
        if (rows.length < limit) return keys;
      }
    };

    it("text keys come once each, by code point, whatever is in them", async () => {
      const collection = await suite.create();
      const ids = ["!", "'", "' OR 1=1", "10", "9", '"', "A", "\\", "a", "a'b", "é", "\uFFFD", "\u{1F600}"].toSorted((a, b) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      );
      await suite.upsert(
        collection,
        ids.toReversed().map((id, index) => ({ id, metadata: { index } })),
      );
      assert.deepEqual(await keysOf(collection, 4), ids);
      assert.deepEqual(await keysOf(collection, 2, "index < 3 or index >= 10"), [...ids.slice(0, 3), ...ids.slice(-3)]);
    });

    it("whole numbers come in their order", async () => {
      const collection = await suite.create({ idType: "int64" });
      const ids = [-(2n ** 63n), -2n, 0n, 9n, 10n, 100n];
      await suite.upsert(
        collection,
        ids.toReversed().map((id) => ({ id })),
      );
      assert.deepEqual(await keysOf(collection, 1), ids);
    });
  });
}
