/** LanceDB as a vector store. LanceDB runs inside this process and stores its tables in a local folder. */
import { type LancedbSection, type LanceStoreOptions, lancedbSection } from "./options.js";
import { LanceStore } from "./store.js";

export { type LancedbSection, type LanceStoreOptions, lancedbSection } from "./options.js";
export type { LanceStore } from "./store.js";

/** Makes a store. An option that is left out has the default of the setting with the same name. The LanceDB package is loaded by `open`. */
export function lancedbStore({ onLockHeld, marks, ...options }: Partial<LancedbSection> & LanceStoreOptions = {}): LanceStore {
  return new LanceStore({ ...lancedbSection.parse({}), ...options }, { onLockHeld, marks });
}
