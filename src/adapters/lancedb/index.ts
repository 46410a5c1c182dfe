/** LanceDB as a vector store: embedded, in a local folder. */
import type { VectorStore } from "../../contracts/index.js";
import type { LancedbSection } from "./options.js";
import { LanceStore } from "./store.js";

export { LanceCollection } from "./collection.js";
export { type LancedbSection, lancedbSection } from "./options.js";
export { LanceStore } from "./store.js";

/** A store over the section's folder; LanceDB is loaded by `open`. */
export function lancedbStore(section: LancedbSection): VectorStore {
  return new LanceStore(section);
}
