/** Runs the built command as a user does, in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const bin = resolve("dist", "cli", "launcher.js");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Workspace extends AsyncDisposable {
  /** The folder that the command runs in. */
  readonly folder: string;
  /** The script that `headrace` starts. */
  readonly bin: string;
  /** Starts `headrace` and leaves it running. */
  start(...args: readonly string[]): ChildProcess;
  /** Runs `headrace` to its end. */
  run(...args: readonly string[]): Promise<Ended>;
  /** Waits until a running command has written some rows. */
  rowsAppear(): Promise<void>;
  /** Runs `headrace … --json` and parses its document; fails unless the exit code is the expected one. */
  json<T = Record<string, unknown>>(expectedCode: number, ...args: readonly string[]): Promise<T>;
}

/** A folder that is gone afterwards. `variables`: what the commands find in their environment. */
export async function workspace(variables: Readonly<Record<string, string>> = {}): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-test-"));
  const start = (...args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [bin, ...args], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...cleanEnvironment(), ...variables },
    });
  const run = (...args: readonly string[]): Promise<Ended> => ended(start(...args));
  return {
    folder,
    bin,
    start,
    run,
    json: async (expectedCode, ...args) => {
      const { code, stdout, stderr } = await run(...args, "--json");
      if (code !== expectedCode)
        throw new Error(`headrace ${args.join(" ")} ended with ${code} instead of ${expectedCode}:\n${stdout}\n${stderr}`);
      return JSON.parse(stdout) as never;
    },
    rowsAppear: () => rowsAppear(folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Collects what a process prints, until it ends. */
export function ended(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((fulfil, reject) => {
    child.once("error", reject);
    child.once("close", (code) => fulfil({ code, stdout, stderr }));
  });
}

/** The environment of this process, without what would change how the command works. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HEADRACE|HF)_/.test(name) && name !== "NODE_TEST_CONTEXT"));
}

async function rowsAppear(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const found = await readdir(join(folder, "headrace-data"), { recursive: true }).catch(() => []);
    if (found.filter((name) => name.endsWith(".lance") && name.includes("data")).length >= 1) return;
    await new Promise((fulfil) => setTimeout(fulfil, 50));
  }
  throw new Error("no rows appeared within 30 s");
}
