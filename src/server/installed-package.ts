/** The package that this code is part of: its version, and the folder with the built web page. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface InstalledPackage {
  readonly version: string;
  readonly pageFolder: string;
}

export function installedPackage(): InstalledPackage {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  return { version, pageFolder: join(folder, "dist", "page") };
}
