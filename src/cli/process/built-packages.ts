/** Loads large packages from one file each, which the build made of them: finding hundreds of files takes longer than running them. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { runCached } from "./code-cache.js";

interface BuiltPackage {
  /** Name of the file in the folder `packages`. It has this package and those that it is used with. */
  readonly file: string;
  readonly sum: string;
  /** The version that the build found. */
  readonly version: string;
}

/** By the name that `require` gets. The build writes them here. */
declare const builtPackages: Readonly<Record<string, BuiltPackage>>;

/**
 * Does the same as `load(name)`. The build puts this call in the place of it. An installed package with another version than the built one
 * is loaded itself. A package that is not installed is not loaded, and `load` throws. Its native parts are those of the installed package.
 */
export function loadBuilt(name: string, load: NodeJS.Require): unknown {
  const built = builtPackages[name];
  const place = load.resolve(name);
  if (built === undefined || installedVersion(name, place) !== built.version) return load(name);
  const path = fileURLToPath(new URL(`../packages/${built.file}`, import.meta.url));
  return (runCached({ path, sum: built.sum }, createRequire(place)) as Readonly<Record<string, unknown>>)[name];
}

/** Undefined if the file is not in a folder with the name of its package. */
function installedVersion(name: string, place: string): string | undefined {
  const [root] = /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+[\\/]/.exec(place) ?? [];
  if (root === undefined) return undefined;
  const { name: found, version } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
    readonly name: string;
    readonly version: string;
  };
  return name === found || name.startsWith(`${found}/`) ? version : undefined;
}
