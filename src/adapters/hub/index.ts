/** Models by name: fetched from a hub into a cache, and found there. */

export { type HubOptions, hubOptions } from "./environment.js";
export { modelHub } from "./hub.js";
