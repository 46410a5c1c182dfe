/** LanceDB as a vector store: embedded, in a local folder. */
import type { VectorStore } from "../../contracts/index.js";
import type { LancedbOptions } from "./options.js";
import { LanceStore } from "./store.js";

export { LanceCollection } from "./collection.js";
export { type LancedbOptions, lancedbSection } from "./options.js";
export { LanceStore } from "./store.js";

/** A store over a folder; LanceDB is loaded by `open`. */
export function lancedbStore(options: LancedbOptions): VectorStore {
  return new LanceStore(options);
}
