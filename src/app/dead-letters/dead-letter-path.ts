/** The path of a collection's dead-letter file. The path is unique per store, database and collection. */
import { join } from "node:path";
import { storeIdentity } from "../configuration/kinds.js";
import type { Settings } from "../configuration/settings.js";

export function deadLetterPath(settings: Settings, collection: string): string {
  return join(settings.lancedb.path, "dead-letters", ...storeIdentity(settings).map(fileName), `${collection}.jsonl`);
}

/** Makes a valid file name. A host may be an IPv6 address with colons, which some file systems do not allow. */
function fileName(text: string): string {
  return text.replaceAll(/[^\w.-]/g, "_");
}
