/** The file with the aliases of LanceDB's collections. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { AliasFile } from "./alias-file.js";

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-aliases-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const isCollection = async (name: string): Promise<boolean> => name.startsWith("table");

test("a folder without the file has no aliases, and so has a folder that is not there", () =>
  withFolder(async (folder) => {
    assert.deepEqual(await new AliasFile(folder, isCollection).list(), []);
    assert.deepEqual(await new AliasFile(join(folder, "absent"), isCollection).list(), []);
  }));

test("what a killed process left of an unfinished change is not read, and the next change replaces it", () =>
  withFolder(async (folder) => {
    const aliases = new AliasFile(folder, isCollection);
    await aliases.set("live", "table_1");
    await writeFile(join(folder, "aliases.json.partial"), '{"version":1,"aliases":{"li');
    assert.deepEqual(await aliases.list(), [{ alias: "live", collection: "table_1" }]);
    await aliases.set("live", "table_2");
    assert.deepEqual(JSON.parse(await readFile(join(folder, "aliases.json"), "utf8")), { version: 1, aliases: { live: "table_2" } });
  }));

test("changes at the same time are all kept", () =>
  withFolder(async (folder) => {
    const names = Array.from({ length: 20 }, (_, index) => `alias_${String(index).padStart(2, "0")}`);
    await Promise.all(names.map((alias) => new AliasFile(folder, isCollection).set(alias, "table_1")));
    assert.deepEqual(
      (await new AliasFile(folder, isCollection).list()).map(({ alias }) => alias),
      names,
    );
  }));

test("a file with another content is refused with its path, and stays as it is", () =>
  withFolder(async (folder) => {
    const path = join(folder, "aliases.json");
    for (const content of ["", "{", "[]", '{"version":2,"aliases":{}}', '{"version":1,"aliases":{"a":1}}']) {
      await writeFile(path, content);
      const aliases = new AliasFile(folder, isCollection);
      const calls = [() => aliases.list(), () => aliases.resolve("live"), () => aliases.set("live", "table_1")];
      for (const call of calls) {
        await assert.rejects(call, (error) => HeadraceError.is(error) && error.code === "state_unwritable" && error.message.includes(path));
      }
      assert.equal(await readFile(path, "utf8"), content);
    }
  }));
