/** Lists and reads the members of zip archives. */
export { openZipArchive } from "./archive.js";
export { zipReader } from "./reader.js";
