/** Lists and reads the members of tar archives. */
export { openTarArchive } from "./archive.js";
export { tarReader } from "./reader.js";
export { createShards } from "./shards.js";
