/** LanceDB as a vector store: embedded, in a local folder. */
import { type LancedbSection, lancedbSection } from "./options.js";
import { LanceStore } from "./store.js";

export { type LancedbSection, lancedbSection } from "./options.js";
export type { LanceStore } from "./store.js";

/** What `options` leave out has the default of its setting. LanceDB is loaded by `open`. */
export function lancedbStore(options: Partial<LancedbSection> = {}): LanceStore {
  return new LanceStore({ ...lancedbSection.parse({}), ...options });
}
