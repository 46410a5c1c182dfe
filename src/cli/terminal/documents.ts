/** Finds the documentation files that hints mention in the installed package. */
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Replaces names such as `docs/guides/filters.md` by the paths of these files. Paths below the working directory are relative. */
export function withDocumentPaths(text: string): string {
  return text.replace(/\bdocs\/[\w/-]+\.md\b/g, (name) => documentPath(name) ?? name);
}

/** Returns the path of a documentation file. Returns null when no folder above this module contains the file. */
function documentPath(name: string): string | null {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, name);
    if (existsSync(path)) return path.startsWith(join(process.cwd(), "/")) ? relative(process.cwd(), path) : path;
  }
  return null;
}
