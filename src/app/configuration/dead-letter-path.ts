/** The path of a collection's dead-letter file. The path is unique per store, database and collection. */
import { join } from "node:path";
import type { Settings } from "./settings.js";
import { storeFolders } from "./store-folders.js";

export function deadLetterPath(settings: Settings, collection: string): string {
  return join(settings.lancedb.path, "dead-letters", ...storeFolders(settings), `${collection}.jsonl`);
}
