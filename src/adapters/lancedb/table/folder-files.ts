/** Small JSON files of Headrace in the folder of a table. */
import { open, readFile, rename } from "node:fs/promises";
import { HeadraceError } from "../../../contracts/index.js";

/** Replaces the file atomically. */
export async function writeJsonFile(path: string, content: unknown): Promise<void> {
  const draft = await open(`${path}.draft`, "w");
  try {
    await draft.writeFile(JSON.stringify(content));
    await draft.sync();
  } finally {
    await draft.close();
  }
  await rename(`${path}.draft`, path);
}

/** Returns null if the file does not exist. Throws `collection_foreign` if the file does not contain JSON. */
export async function readJsonFile<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new HeadraceError("collection_foreign", `${path}: expected JSON, found something else`, { cause });
  }
}
