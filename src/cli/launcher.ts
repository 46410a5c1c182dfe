#!/usr/bin/env node
/** The executable `headrace`: sets environment variables that must be set before Node starts, then runs the command. */
import { url as inspectorUrl } from "node:inspector";
import { fileURLToPath } from "node:url";
import { launcherVariables } from "./process/launcher-variables.js";

/** `process.execve`: replaces this process by another program, under the same process id. Available since Node 22.15. */
type Execve = (path: string, args: readonly string[], environment: Readonly<Record<string, string | undefined>>) => never;

/** Values that the user has set take precedence. */
const environment: Readonly<Record<string, string | undefined>> = { ...launcherVariables(), ...process.env };

const args = process.argv.slice(2);
const command = fileURLToPath(new URL("./main.js", import.meta.url));

if (runsInThisProcess()) {
  Object.assign(process.env, environment);
  await import("./main.js");
} else {
  const { execve } = process as { execve?: Execve };
  const nodeArgs = [...process.execArgv, command, ...args];
  if (execve !== undefined) execve(process.execPath, [process.execPath, ...nodeArgs], environment);
  const { runAsChild } = await import("./process/child.js");
  await runAsChild(nodeArgs, environment);
}

/**
 * True when this process runs the command itself, without restarting with these variables. The restart is not needed for `--version`
 * and `--help`. It is not possible under a debugger, or when a shell passes open files (`<( )`), which Node would close. On Windows, the
 * variables have no effect.
 */
function runsInThisProcess(): boolean {
  const isShort = args.length === 1 && ["--version", "-V", "--help", "-h"].includes(args[0] ?? "");
  const hasOpenFile = args.some((arg) => /^(--[\w-]+=)?\/(dev|proc\/self)\/fd\/\d+$/.test(arg));
  return isShort || hasOpenFile || inspectorUrl() !== undefined || process.platform === "win32";
}
