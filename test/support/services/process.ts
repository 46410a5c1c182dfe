/** Starts, watches and stops the real servers that tests and developers run on this machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startTicksOf } from "../../../src/kit/index.js";

/** A process as the process table knows it; the start time tells it from a later one with the same pid. */
export interface ProcessMark {
  readonly pid: number;
  readonly startTime: string;
}

export interface ServiceCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  /** Holds a ProcessMark as long as the process runs. Default: none. */
  readonly pidFile?: string;
  /** True: it outlives this process. Default: it is killed when this process ends. */
  readonly outlives?: boolean;
}

export interface ServiceProcess extends ProcessMark {
  /** Resolves when it has ended. */
  readonly exited: Promise<void>;
  isAlive(): boolean;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it has ended. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
  /** SIGKILL for its whole group, as a power failure would; resolves when it has ended. */
  kill(): Promise<void>;
  /** Everything it has printed. */
  log(): string;
}

/** The checkout that this file, or its built copy, belongs to. */
export function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${fileURLToPath(import.meta.url)}`);
    folder = parent;
  }
  return folder;
}

/** Where installed servers and their data lie; git ignores it. `HEADRACE_SERVICES` moves it. */
export function servicesFolder(): string {
  const folder = process.env["HEADRACE_SERVICES"] ?? join(repositoryRoot(), ".cache", "services");
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Ports that nothing listens on at this moment, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Resolves when nothing listens on these ports of 127.0.0.1. A process that was killed still does for a moment after it counts as dead. */
export async function portsAreFree(ports: readonly number[]): Promise<void> {
  const isFree = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
  const areFree = async (): Promise<boolean> => (await Promise.all(ports.map(isFree))).every(Boolean);
  await waitUntil(`nothing listens on the ports ${ports.join(", ")}`, areFree, { timeoutMs: 60_000, everyMs: 50 });
}

export function isAlive(mark: ProcessMark): boolean {
  return startTicksOf(mark.pid) === mark.startTime;
}

/** The mark in a pid file if that very process still runs, else null. */
export function readPidFile(file: string): ProcessMark | null {
  if (!existsSync(file)) return null;
  const mark = JSON.parse(readFileSync(file, "utf8")) as ProcessMark;
  return isAlive(mark) ? mark : null;
}

/** Spawns a server; it has its own process group, so that its children can be signalled with it. */
export function startProcess(service: ServiceCommand): ServiceProcess {
  mkdirSync(dirname(service.logFile), { recursive: true });
  const out = openSync(service.logFile, "a");
  const child = spawn(service.command, service.args, {
    detached: true,
    stdio: ["ignore", out, out],
    env: { ...process.env, ...service.env },
    ...(service.cwd === undefined ? {} : { cwd: service.cwd }),
  });
  closeSync(out);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`cannot start ${service.command}`);
  const mark: ProcessMark = { pid, startTime: startTicksOf(pid) ?? "" };
  if (service.pidFile !== undefined) writeFileSync(service.pidFile, JSON.stringify(mark));
  if (service.outlives === true) child.unref();
  const release = service.outlives === true ? () => {} : killWithUs(pid);
  const exited = endOf(child).finally(() => {
    release();
    if (service.pidFile !== undefined) rmSync(service.pidFile, { force: true });
  });
  return {
    ...mark,
    exited,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    signal: (name) => {
      process.kill(pid, name);
    },
    stop: async (options) => {
      await stopProcess(mark, options);
      await exited;
    },
    kill: async () => {
      if (isAlive(mark)) process.kill(-pid, "SIGKILL");
      await exited;
    },
    log: () => (existsSync(service.logFile) ? readFileSync(service.logFile, "utf8") : ""),
  };
}

/** SIGTERM to its group, then SIGKILL after `graceMs` (default 10,000). Harmless when it has ended. */
export async function stopProcess(mark: ProcessMark, options: { readonly graceMs?: number } = {}): Promise<void> {
  const { graceMs = 10_000 } = options;
  if (!isAlive(mark)) return;
  process.kill(mark.pid, "SIGCONT");
  process.kill(mark.pid, "SIGTERM");
  const giveUpAt = Date.now() + graceMs;
  while (isAlive(mark) && Date.now() < giveUpAt) await delay(50);
  if (isAlive(mark)) process.kill(-mark.pid, "SIGKILL");
  while (isAlive(mark)) await delay(20);
}

/** SIGSTOP; resolves when every thread of the process has stopped. Threads go on for some milliseconds after the signal was sent. */
export async function freezeProcess(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  await waitUntil(`process ${pid} stops`, async () => isFrozen(pid), { timeoutMs: 10_000, everyMs: 2 });
}

function isFrozen(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) =>
    /^State:\s+[Tt]/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8")),
  );
}

/** Asks again every `everyMs` until `ready` answers true. Throws `what` and the last error after `timeoutMs`, or when `alive` says no. */
export async function waitUntil(
  what: string,
  ready: () => Promise<boolean>,
  options: { readonly timeoutMs: number; readonly everyMs?: number; readonly alive?: () => boolean },
): Promise<void> {
  const giveUpAt = Date.now() + options.timeoutMs;
  let last: unknown = "it answered: not yet";
  while (Date.now() < giveUpAt) {
    if (options.alive?.() === false) throw new Error(`${what}: the process has ended`, { cause: last });
    try {
      if (await ready()) return;
    } catch (error) {
      last = error;
    }
    await delay(options.everyMs ?? 100);
  }
  throw new Error(`${what}: not within ${options.timeoutMs} ms`, { cause: last });
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
}

/** Kills the group of `pid` when this process ends; the answer takes that back. */
function killWithUs(pid: number): () => void {
  const kill = () => {
    if (startTicksOf(pid) !== null) process.kill(-pid, "SIGKILL");
  };
  process.once("exit", kill);
  return () => {
    process.off("exit", kill);
  };
}
