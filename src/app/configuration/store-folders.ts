/** The folders below the data folder that belong to the configured store. */
import { storeIdentity } from "./kinds.js";
import type { Settings } from "./settings.js";

/** Names of nested folders, unique for each store and database. None for LanceDB, whose collections are in the data folder itself. */
export function storeFolders(settings: Settings): readonly string[] {
  return storeIdentity(settings).map(fileName);
}

/** Makes a valid file name. A host may be an IPv6 address with colons, which some file systems do not allow. */
function fileName(text: string): string {
  return text.replaceAll(/[^\w.-]/g, "_");
}
