/** Reads images from web servers. */

export type { HttpSettings } from "./options.js";
export { type HttpParts, httpReader } from "./reader.js";
