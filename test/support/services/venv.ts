/** Installs pinned Python packages into a virtual environment of their own, once. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { servicesFolder } from "./process.js";

export interface VenvRecipe {
  readonly name: string;
  /** One `pip install` each, in order. */
  readonly installs: readonly (readonly string[])[];
  /** Last step, on the folder of the installed packages. Default: nothing. */
  readonly finish?: (sitePackages: string) => void;
  /** Default `/usr/bin/python3`, else `python3`. */
  readonly python?: string;
}

export interface Venv {
  readonly folder: string;
  readonly python: string;
  readonly sitePackages: string;
}

const run = promisify(execFile);
const staleLockMs = 600_000;

/** The environment, installed if its recipe changed or it is not there yet. Only one process installs at a time. */
export async function installVenv(recipe: VenvRecipe): Promise<Venv> {
  const folder = join(servicesFolder(), `${recipe.name}-venv`);
  const stamp = join(folder, "installed.json");
  const wanted = JSON.stringify(recipe.installs);
  const isInstalled = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (!isInstalled()) {
    const unlock = await lock(`${folder}.lock`);
    try {
      if (!isInstalled()) {
        await install(recipe, folder);
        writeFileSync(stamp, wanted);
      }
    } finally {
      unlock();
    }
  }
  return await describe(folder);
}

async function install(recipe: VenvRecipe, folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const python = recipe.python ?? (existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3");
  await run(python, ["-m", "venv", folder]);
  for (const packages of recipe.installs) {
    await run(join(folder, "bin", "pip"), ["install", "--quiet", "--disable-pip-version-check", ...packages]);
  }
  recipe.finish?.((await describe(folder)).sitePackages);
}

async function describe(folder: string): Promise<Venv> {
  const python = join(folder, "bin", "python");
  const { stdout } = await run(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]);
  return { folder, python, sitePackages: stdout.trim() };
}

/** A folder is made or is there already, in one step: that is the lock. */
async function lock(folder: string): Promise<() => void> {
  for (;;) {
    try {
      mkdirSync(folder);
      return () => rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const age = existsSync(folder) ? Date.now() - statSync(folder).mtimeMs : 0;
    if (age > staleLockMs) rmSync(folder, { recursive: true, force: true });
    await delay(200);
  }
}
