#!/usr/bin/env node
/** What `headrace` starts: sets what must be set before Node starts, then hands over to the command itself. */
import { url as inspectorUrl } from "node:inspector";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** Of Node 22.15 and newer: this process becomes another one, under the same id. */
type Execve = (path: string, args: readonly string[], environment: Readonly<Record<string, string | undefined>>) => never;

const maxPoolThreads = 64;
const nodesOwnPoolThreads = 4;

/** What the user has set wins. */
const environment: Readonly<Record<string, string | undefined>> = {
  // Decoding takes as many threads of the pool as there are cores: Node's own four stay for files.
  UV_THREADPOOL_SIZE: String(Math.min(maxPoolThreads, availableParallelism() + nodesOwnPoolThreads)),
  // glibc otherwise gives each thread an arena of its own: 959 MB instead of 490 after 200,000 rows written to LanceDB.
  MALLOC_ARENA_MAX: "2",
  ...process.env,
};

const args = process.argv.slice(2);
const command = fileURLToPath(new URL("./main.js", import.meta.url));

if (isAnsweredHere()) {
  Object.assign(process.env, environment);
  await import("./main.js");
} else {
  const { execve } = process as { execve?: Execve };
  const nodeArgs = [...process.execArgv, command, ...args];
  if (execve !== undefined) execve(process.execPath, [process.execPath, ...nodeArgs], environment);
  const { runAsChild } = await import("./child.js");
  await runAsChild(nodeArgs, environment);
}

/**
 * Without another process: what is answered at once, what is debugged, what a shell hands over as an open file (`<( )`), which Node would
 * not pass on, and Windows, where the variables above mean nothing.
 */
function isAnsweredHere(): boolean {
  const isShort = args.length === 1 && ["--version", "-V", "--help", "-h"].includes(args[0] ?? "");
  const hasOpenFile = args.some((arg) => /^(--[\w-]+=)?\/(dev|proc\/self)\/fd\/\d+$/.test(arg));
  return isShort || hasOpenFile || inspectorUrl() !== undefined || process.platform === "win32";
}
