/**
 * Copies the packages of one container image: `node scripts/image-packages.mjs headrace|servers FOLDER`. It takes them from node_modules, where
 * `npm ci` has put the versions of package-lock.json, so an image never has another version than the tests.
 */
import { cpSync, existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";

/** What runs the model and keeps the collections in the process itself. Images for servers have no use for it. */
const embedded = ["onnxruntime-node", "@lancedb/lancedb"];
const leftOut = { headrace: [], servers: embedded };

/** The packages that an image has by the project's own description. What they need comes with them. */
export function imagePackages(image) {
  const without = leftOut[image];
  if (without === undefined) throw new Error(`image: expected one of ${Object.keys(leftOut).join(", ")}, found ${image}`);
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }).filter((name) => !without.includes(name));
}

/** Paths of the packages in node_modules, and of all that they need. Packages of other platforms are not there, and are left out. */
export function pathsOf(names) {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const paths = new Set();
  const add = (name, from, isNeeded) => {
    const path = placesFor(name, from).find((place) => packages[place] !== undefined && existsSync(place));
    if (path === undefined && isNeeded)
      throw new Error(`${name}, needed by ${from || "package.json"}: expected it in node_modules, found none`);
    if (path === undefined || paths.has(path)) return;
    paths.add(path);
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = packages[path];
    for (const each of Object.keys(dependencies)) add(each, path, true);
    for (const each of Object.keys(optionalDependencies)) add(each, path, false);
    for (const each of Object.keys(peerDependencies)) if (peerDependenciesMeta[each]?.optional !== true) add(each, path, true);
  };
  for (const name of names) add(name, "", true);
  return [...paths].sort();
}

/** Where Node looks for a package, nearest first. */
function placesFor(name, from) {
  const places = [];
  for (let folder = from; folder !== ""; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    places.push(`${folder}/node_modules/${name}`);
    if (!folder.includes("/node_modules/")) break;
  }
  return [...places, `node_modules/${name}`];
}

/** Nested packages have their own entries. Of ONNX Runtime, only the libraries of this platform are copied. */
function copyPackage(path, folder) {
  const platform = `${process.platform}/${process.arch}`;
  cpSync(path, join(folder, relative("node_modules", path)), {
    recursive: true,
    filter: (from) => {
      const inside = relative(path, from);
      if (inside === "node_modules") return false;
      const [, found] = /^bin\/napi-v\d+\/(\w+(?:\/\w+)?)/.exec(inside) ?? [];
      return found === undefined || platform.startsWith(found);
    },
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [image, folder] = process.argv.slice(2);
  if (folder === undefined || dirname(folder) === folder) throw new Error("usage: node scripts/image-packages.mjs headrace|servers FOLDER");
  for (const path of pathsOf(imagePackages(image))) copyPackage(path, folder);
}
