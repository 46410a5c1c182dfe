/** The files below a folder that changes meanwhile. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Paths from the folder, in no order. A folder that is gone has none. */
export function filesBelow(folder: string, prefix = ""): readonly string[] {
  return entriesOf(join(folder, prefix)).flatMap((entry) => {
    const path = `${prefix}${entry.name}`;
    return entry.isDirectory() ? filesBelow(folder, `${path}/`) : [path];
  });
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
