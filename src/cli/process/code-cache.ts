/** Runs CommonJS files with the compiled code that V8 kept of an earlier run. Imports only Node's own modules. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import nodeModule from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Script } from "node:vm";

/** Code of versions that are not installed any more goes after this time. */
const maxAgeMs = 30 * 24 * 60 * 60 * 1_000;
const ownName = /^v[\d.]+-\w+-[0-9a-f]{16}(\.\d+)?$/;

/** `module.enableCompileCache`: Node itself keeps the compiled code of other packages. Available since Node 22.1. */
type EnableCompileCache = (folder: string) => unknown;

export interface BuiltFile {
  /** Absolute path of the file. */
  readonly path: string;
  /** Tells the content of this file from that of every other. V8 itself compares only the length. */
  readonly sum: string;
  /** What the file calls in the place of `import()`: V8 forgets how kept code imports. Absent: the file imports nothing. */
  readonly importPackage?: (specifier: string) => Promise<unknown>;
}

/** Lets Node keep the compiled code of the packages that are loaded from now on. Does nothing on Node without a compile cache. */
export function keepCompiledPackages(): void {
  const { enableCompileCache } = nodeModule as { enableCompileCache?: EnableCompileCache };
  const folder = cacheFolder();
  if (folder !== null) enableCompileCache?.(folder);
}

/**
 * Runs the file like `require`, once in a process, and returns its exports. In the file, `require` is the given one. Compiled code is kept in
 * `~/.cache/headrace` (with XDG_CACHE_HOME: there). NODE_COMPILE_CACHE names another folder, and NODE_DISABLE_COMPILE_CACHE=1 turns this
 * off. Without a writable folder, the file is compiled each time.
 */
export function runCached({ path, sum, importPackage }: BuiltFile, require: NodeJS.Require): unknown {
  const loaded = require.cache[path];
  if (loaded !== undefined) return loaded.exports;
  const folder = cacheFolder();
  const script = folder === null ? compile(path) : compileCached(path, join(folder, `${process.version}-${process.arch}-${sum}`));
  const run = script.runInThisContext() as (...args: readonly unknown[]) => void;
  const module = new nodeModule(path);
  require.cache[path] = module;
  run(module.exports, require, module, path, dirname(path), importPackage);
  return module.exports;
}

function cacheFolder(): string | null {
  const { NODE_DISABLE_COMPILE_CACHE: isOff, NODE_COMPILE_CACHE: given, XDG_CACHE_HOME: caches } = process.env;
  if (isOff === "1") return null;
  if (given !== undefined) return given;
  const folder = caches ?? homeCaches();
  return folder === null ? null : join(folder, "headrace");
}

/** null: the system knows no home of this user, as in some containers. */
function homeCaches(): string | null {
  try {
    return join(homedir(), ".cache");
  } catch {
    return null;
  }
}

function compile(path: string, cachedData?: Buffer): Script {
  return new Script(`(function (exports, require, module, __filename, __dirname, importPackage) {${readFileSync(path, "utf8")}\n})`, {
    filename: path,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
}

function compileCached(path: string, cache: string): Script {
  const kept = readIfThere(cache);
  const script = compile(path, kept);
  // At the end, V8 has also compiled the functions that the command called.
  if (kept === undefined || script.cachedDataRejected === true)
    process.once("exit", () => writeIfPossible(cache, script.createCachedData()));
  return script;
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Other processes may read the file meanwhile: it gets its name when it is complete. */
function writeIfPossible(path: string, data: Buffer): void {
  const unfinished = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(unfinished, data, { mode: 0o600 });
    renameSync(unfinished, path);
    deleteOld(dirname(path));
  } catch {
    // A command that cannot keep its code starts later, and works.
    return;
  }
}

/** The folder may also have files of Node. Kept code that is deleted too early is made again. */
function deleteOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (ownName.test(name) && statSync(path).mtimeMs < Date.now() - maxAgeMs) rmSync(path, { force: true });
  }
}
