/** The file that says which collection each alias names. LanceDB has no aliases of its own. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { type Alias, HeadraceError } from "../../contracts/index.js";
import {
  aliasIsCollection,
  aliasNotFound,
  aliasTargetMissing,
  fileError,
  resolveAlias,
  StagedFiles,
  syncFolder,
  withShortLock,
} from "../../kit/index.js";

const content = z.object({ version: z.literal(1), aliases: z.record(z.string(), z.string()) });

/** Readers see the file either before a change or after it, also if the process that changes it is killed. */
export class AliasFile {
  readonly #folder: string;
  readonly #path: string;

  /** `has`: whether a collection of this name exists. */
  constructor(
    folder: string,
    readonly has: (name: string) => Promise<boolean>,
  ) {
    this.#folder = folder;
    this.#path = join(folder, "aliases.json");
  }

  /** Sorted by alias. */
  async list(): Promise<readonly Alias[]> {
    let text: string;
    try {
      text = await readFile(this.#path, "utf8");
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return [];
      throw fileError(cause, this.#path, "read");
    }
    return Object.entries(this.#parse(text))
      .map(([alias, collection]) => ({ alias, collection }))
      .sort((a, b) => (a.alias < b.alias ? -1 : 1));
  }

  /** The collection that a name or an alias names. No alias has the name of a collection, so the file is read only for other names. */
  async resolve(nameOrAlias: string): Promise<string> {
    return (await this.has(nameOrAlias)) ? nameOrAlias : resolveAlias(nameOrAlias, await this.list());
  }

  /** Throws `collection_exists` and `collection_not_found`. */
  async set(alias: string, collection: string): Promise<void> {
    if (!(await this.has(collection))) throw aliasTargetMissing(alias, collection);
    await this.whileUnchanged(async (aliases) => {
      if (await this.has(alias)) throw aliasIsCollection(alias);
      if (!(await this.has(collection))) throw aliasTargetMissing(alias, collection);
      await this.#write([...aliases.filter((each) => each.alias !== alias), { alias, collection }]);
    });
  }

  /** Throws `alias_not_found`. */
  async drop(alias: string): Promise<void> {
    const without = (aliases: readonly Alias[]): readonly Alias[] => {
      const left = aliases.filter((each) => each.alias !== alias);
      if (left.length === aliases.length) throw aliasNotFound(alias);
      return left;
    };
    without(await this.list());
    await this.whileUnchanged(async (aliases) => this.#write(without(aliases)));
  }

  /** Runs `use` while no alias is set or dropped. */
  whileUnchanged<T>(use: (aliases: readonly Alias[]) => Promise<T>): Promise<T> {
    return withShortLock(`${this.#path}.lock`, async () => use(await this.list()));
  }

  #parse(text: string): Readonly<Record<string, string>> {
    try {
      return content.parse(JSON.parse(text)).aliases;
    } catch (cause) {
      throw new HeadraceError("state_unwritable", `${this.#path}: expected the aliases of collections, found another content`, {
        item: this.#path,
        hint: "Restore the file from a backup, or delete it and set the aliases again.",
        cause,
      });
    }
  }

  async #write(aliases: readonly Alias[]): Promise<void> {
    const files = await StagedFiles.create([this.#path]);
    try {
      const entries = Object.fromEntries(aliases.map(({ alias, collection }) => [alias, collection]));
      await files.append(this.#path, `${JSON.stringify({ version: 1, aliases: entries }, null, 2)}\n`);
      await files.place();
    } finally {
      await files.discard();
    }
    await syncFolder(this.#folder);
  }
}
