/**
 * The names of the tables in a folder. On a case-insensitive disk, `Photos` and `photos` are one folder, but two names for LanceDB and for the
 * writer's lock. So a table is found only by its exact name, and no new table gets a name that differs from another one by case only.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { checkCollectionName } from "../../kit/index.js";
import { collectionExists, collectionNotFound, nameDiffersByCase } from "./errors.js";
import { hasVersion } from "./upkeep/table-state.js";

const ending = ".lance";

export class TableNames {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Returns the folder of a table, which need not exist. */
  folderOf(name: string): string {
    return join(this.#folder, `${name}${ending}`);
  }

  /** Returns true if a table has exactly this name. */
  async has(name: string): Promise<boolean> {
    return (await this.#names()).includes(name) && hasVersion(this.folderOf(name));
  }

  /** Throws `collection_not_found`. The folder that an interrupted creation left without a table counts as found. */
  async checkFolder(name: string): Promise<void> {
    if (!(await this.#names()).includes(name)) throw collectionNotFound(name);
  }

  /**
   * Throws `collection_exists`, and `name_invalid` if another folder's name differs from this one by case only. Also on disks that distinguish
   * the two, because the folder of the tables can be moved to another disk.
   */
  async checkNew(name: string): Promise<void> {
    if (await this.has(name)) throw collectionExists(name);
    const other = (await this.#names()).find((each) => each !== name && each.toLowerCase() === name.toLowerCase());
    if (other !== undefined) throw nameDiffersByCase(name, other);
  }

  async #names(): Promise<readonly string[]> {
    try {
      const names = await readdir(this.#folder);
      return names.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw cause;
    }
  }
}

/** Returns false for tables of other programs whose names no collection can have. */
export function isCollectionName(name: string): boolean {
  try {
    checkCollectionName(name);
    return true;
  } catch {
    return false;
  }
}
