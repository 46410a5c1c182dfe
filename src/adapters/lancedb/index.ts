/** LanceDB as a vector store: embedded, in a local folder. */
import type { LancedbSection } from "./options.js";
import { LanceStore } from "./store.js";

export { type LancedbSection, lancedbSection } from "./options.js";
export type { LanceStore } from "./store.js";

/** A store over the section's folder; LanceDB is loaded by `open`. */
export function lancedbStore(section: LancedbSection): LanceStore {
  return new LanceStore(section);
}
