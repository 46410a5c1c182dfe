/** Where an installed user finds the documents that hints name. */
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** With `docs/guides/filters.md` as the path of that file in this package, relative where it lies below the working directory. */
export function withPlaces(text: string): string {
  return text.replace(/\bdocs\/[\w/-]+\.md\b/g, (name) => placeOf(name) ?? name);
}

/** Null when no folder above this module has it. */
function placeOf(name: string): string | null {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, name);
    if (existsSync(path)) return path.startsWith(join(process.cwd(), "/")) ? relative(process.cwd(), path) : path;
  }
  return null;
}
