/** The package as a user gets it: packed, unpacked into a project of its own, with links to the packages that the test names. */
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

export async function manifest(): Promise<Manifest> {
  return JSON.parse(await readFile("package.json", "utf8")) as Manifest;
}

/** A project in a temporary folder with the packed package and links to `packages`. */
export class PackedProject {
  private constructor(readonly folder: string) {}

  static async make(packages: readonly string[]): Promise<PackedProject> {
    const folder = await mkdtemp(join(tmpdir(), "headrace-package-"));
    const installed = join(folder, "node_modules", "headrace");
    await mkdir(installed, { recursive: true });
    const { stdout } = await promisify(execFile)("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]);
    const [packed] = JSON.parse(stdout) as [{ filename: string }];
    await promisify(execFile)("tar", ["-xzf", join(folder, packed.filename), "-C", installed, "--strip-components=1"]);
    for (const name of packages) {
      const link = join(folder, "node_modules", name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(resolve("node_modules", name), link);
    }
    return new PackedProject(folder);
  }

  /** Runs one module text in the project. */
  module(text: string): Promise<Ended> {
    return this.#node(["--input-type=module", "--eval", text]);
  }

  /** Runs the command as `npx headrace` does. */
  command(...args: readonly string[]): Promise<Ended> {
    return this.#node([join("node_modules", "headrace", "dist", "cli", "launcher.js"), ...args]);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }

  #node(args: readonly string[]): Promise<Ended> {
    return new Promise((ended, failed) => {
      const child = spawn(process.execPath, args, { cwd: this.folder, env: { PATH: process.env["PATH"] } });
      const texts = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const) child[name].on("data", (chunk: Buffer) => (texts[name] += String(chunk)));
      child.once("error", failed);
      child.once("close", (code) => ended({ code, ...texts }));
    });
  }
}
