#!/usr/bin/env node
/** The executable `headrace`: sets environment variables that must be set before Node starts, then runs the command. */
import { url as inspectorUrl } from "node:inspector";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** `process.execve`: replaces this process by another program, under the same process id. Available since Node 22.15. */
type Execve = (path: string, args: readonly string[], environment: Readonly<Record<string, string | undefined>>) => never;

const maxPoolThreads = 64;
const defaultPoolThreads = 4;

/** Environment variables for the command. Values that the user has set take precedence. */
const environment: Readonly<Record<string, string | undefined>> = {
  // Image decoding uses one thread of Node's thread pool per core. Four more threads, Node's default, remain for file access.
  UV_THREADPOOL_SIZE: String(Math.min(maxPoolThreads, availableParallelism() + defaultPoolThreads)),
  // By default, glibc gives each thread its own memory arena, which wastes memory. Measured after 200,000 rows in LanceDB: 490 MB instead
  // of 959 MB.
  MALLOC_ARENA_MAX: "2",
  // glibc keeps freed buffers up to 32 MB for later use. With this limit, larger buffers go back to the system. Measured after 300,000 rows in
  // LanceDB, with the merging of files and the vector index: 516 MB instead of 749 MB.
  MALLOC_MMAP_THRESHOLD_: String(4 * 1024 * 1024),
  // The AWS client prints advice for developers about later versions of Node.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
  ...process.env,
};

const args = process.argv.slice(2);
const command = fileURLToPath(new URL("./main.js", import.meta.url));

if (runsInThisProcess()) {
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
 * True when this process runs the command itself, without restarting with the variables above. The restart is not needed for `--version`
 * and `--help`. It is not possible under a debugger, or when a shell passes open files (`<( )`), which Node would close. On Windows, the
 * variables have no effect.
 */
function runsInThisProcess(): boolean {
  const isShort = args.length === 1 && ["--version", "-V", "--help", "-h"].includes(args[0] ?? "");
  const hasOpenFile = args.some((arg) => /^(--[\w-]+=)?\/(dev|proc\/self)\/fd\/\d+$/.test(arg));
  return isShort || hasOpenFile || inspectorUrl() !== undefined || process.platform === "win32";
}
