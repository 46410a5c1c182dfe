/** The path of the dead-letter file of a collection. It is unique per store, database and collection. */
import { join } from "node:path";
import { storeIdentity } from "../configuration/kinds.js";
import type { Settings } from "../configuration/settings.js";

export function deadLetterPath(settings: Settings, collection: string): string {
  return join(settings.lancedb.path, "dead-letters", ...storeIdentity(settings).map(fileName), `${collection}.jsonl`);
}

/** A host may be an IPv6 address, and some file systems do not allow colons. */
function fileName(text: string): string {
  return text.replaceAll(/[^\w.-]/g, "_");
}
