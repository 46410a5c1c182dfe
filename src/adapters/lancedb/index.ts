/** LanceDB as a vector store: embedded, in a local folder. */
import { type LancedbSection, lancedbSection } from "./options.js";
import { LanceStore } from "./store.js";

export { type LancedbSection, lancedbSection } from "./options.js";
export type { LanceStore } from "./store.js";

/** Options that are left out get the default of their setting. `open` loads LanceDB. */
export function lancedbStore(options: Partial<LancedbSection> = {}): LanceStore {
  return new LanceStore({ ...lancedbSection.parse({}), ...options });
}
