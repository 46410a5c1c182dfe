/** Starts and stops a real Milvus 2.3.5 for tests and benchmarks: `node build/scripts/services/milvus.js start|stop|status`. */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export interface MilvusServer {
  /** `host:port` of the proxy. */
  readonly address: string;
  readonly pid: number;
  /** Gives this process's use back; the server ends when nobody uses it any more. */
  stop(): Promise<void>;
  /** SIGKILL, as a power failure would; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Ends the server if it runs, starts it again on the same data, resolves when a real query is answered. */
  restart(): Promise<void>;
  /** SIGSTOP: calls hang. */
  pause(): void;
  resume(): void;
}

export interface MilvusServerOptions {
  /** Settings of milvus.yaml by dotted path, for a server that this call starts, e.g. `quotaAndLimits.dml.enabled`. */
  readonly settings?: Readonly<Record<string, string>>;
}

const run = promisify(execFile);
const version = "2.3.5";
const port = 19530;
const address = `127.0.0.1:${port}`;
const cache = join(projectRoot(), ".cache", "services");
const venv = join(cache, `milvus-${version}`);
const home = join(cache, `milvus-${version}-data`);
const stateFile = join(cache, "milvus.json");
const lockFolder = join(cache, "milvus.lock");

interface State {
  readonly pid: number;
  /** Processes that use the server; 0 is the command line's `start`. */
  readonly users: readonly number[];
}

/** Why the real server cannot be had here, or null when it can: what a test skips with, and what fails it in CI. */
export async function milvusMissing(): Promise<string | null> {
  if (process.env["HEADRACE_MILVUS_ADDRESS"] !== undefined) return null;
  try {
    await install();
    return null;
  } catch (error) {
    return `Milvus ${version} cannot be installed here: ${(error as Error).message.split("\n")[0]}`;
  }
}

/**
 * A running Milvus: the one at HEADRACE_MILVUS_ADDRESS, one that runs already, or a new one with empty data.
 * Only one can run on a machine, so several test files share it.
 */
export async function startMilvus(options: MilvusServerOptions = {}): Promise<MilvusServer> {
  const given = process.env["HEADRACE_MILVUS_ADDRESS"];
  if (given !== undefined) return foreign(given);
  await use(process.pid, options);
  return owned();
}

async function use(user: number, options: MilvusServerOptions): Promise<void> {
  await install();
  await locked(async () => {
    const state = readState();
    if (state !== null) {
      if (options.settings !== undefined) throw new Error("A Milvus with other settings runs: stop it first.");
      writeState({ pid: state.pid, users: [...new Set([...state.users, user])] });
      return;
    }
    for (const folder of ["data", "logs", "run"]) rmSync(join(home, folder), { recursive: true, force: true });
    await configure(options.settings ?? {});
    writeState({ pid: launch(), users: [user] });
  });
  await ready(60_000);
}

function owned(): MilvusServer {
  return {
    address,
    get pid() {
      return readState()?.pid ?? 0;
    },
    stop: () => release(process.pid),
    kill: async () => {
      const state = readState();
      if (state === null) return;
      process.kill(state.pid, "SIGCONT");
      process.kill(state.pid, "SIGKILL");
      await gone(state.pid, 10_000);
    },
    restart: async () => {
      const users = readUsers();
      const state = readState();
      if (state !== null) await end(state.pid);
      writeState({ pid: launch(), users });
      await ready(120_000);
    },
    pause: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
  };
}

function foreign(given: string): MilvusServer {
  const refuse = (): never => {
    throw new Error("The Milvus at HEADRACE_MILVUS_ADDRESS belongs to somebody else: it is not stopped or killed here.");
  };
  return {
    address: given,
    pid: 0,
    stop: async () => {},
    kill: async () => refuse(),
    restart: async () => refuse(),
    pause: refuse,
    resume: refuse,
  };
}

async function release(user: number): Promise<void> {
  await locked(async () => {
    const state = readState();
    const users = readUsers().filter((other) => other !== user && (other === 0 || alive(other)));
    if (users.length > 0 && state !== null) {
      writeState({ pid: state.pid, users });
      return;
    }
    if (state !== null) await end(state.pid);
    rmSync(stateFile, { force: true });
  });
}

/** Virtual environment and unpacked server; once, about 15 s. */
async function install(): Promise<void> {
  if (existsSync(join(home, "bin", "milvus"))) return;
  await locked(async () => {
    if (existsSync(join(home, "bin", "milvus"))) return;
    mkdirSync(cache, { recursive: true });
    await run("/usr/bin/python3", ["-m", "venv", venv]);
    await run(join(venv, "bin", "pip"), ["install", "-q", "--disable-pip-version-check", `milvus==${version}`]);
    await run(join(venv, "bin", "python"), ["-c", "import sys, milvus; milvus._initialize_data_files(sys.argv[1])", home]);
  });
}

async function configure(settings: Readonly<Record<string, string>>): Promise<void> {
  const script = [
    "import json, sys, milvus",
    "config = milvus.MilvusServerConfig(data_dir=sys.argv[1], proxy_port=int(sys.argv[2]))",
    "[config.set(key, value) for key, value in json.loads(sys.argv[3]).items()]",
    "config.resolve()",
  ].join("\n");
  const all = { "common.session.ttl": "10", "log.level": "warn", "log.stdout": "false", ...settings };
  await run(join(venv, "bin", "python"), ["-c", script, home, String(port), JSON.stringify(all)]);
}

function launch(): number {
  mkdirSync(join(home, "run"), { recursive: true });
  const log = openSync(join(home, "server.log"), "w");
  const child = spawn(join(home, "bin", "milvus"), ["run", "standalone"], {
    cwd: home,
    detached: true,
    stdio: ["ignore", log, log],
    env: {
      ...process.env,
      DEPLOY_MODE: "STANDALONE",
      METRICS_PORT: "9091",
      MILVUS_RUN_DIR: join(home, "run"),
      LD_LIBRARY_PATH: join(home, "bin"),
    },
  });
  child.unref();
  if (child.pid === undefined) throw new Error("The Milvus server could not be started.");
  return child.pid;
}

/** Healthy is not enough: after a crash, collections answer "not loaded" for half a minute. */
async function ready(withinMs: number): Promise<void> {
  const until = Date.now() + withinMs;
  let last: unknown = null;
  while (Date.now() < until) {
    const state = readState();
    if (state === null) throw new Error(`The Milvus server ended while it started; see ${join(home, "server.log")}.`);
    try {
      await probe();
      return;
    } catch (error) {
      last = error;
      await sleep(250);
    }
  }
  throw new Error(`Milvus was not ready within ${withinMs} ms.`, { cause: last });
}

async function probe(): Promise<void> {
  const { MilvusClient } = await import("@zilliz/milvus2-sdk-node");
  const client = new MilvusClient({ address, timeout: 3000, maxRetries: 0, telemetry: { enabled: false } });
  try {
    await client.connectPromise;
    const shown = await client.showCollections();
    if (shown.status.error_code !== "Success") throw new Error(shown.status.reason);
    for (const { name } of shown.data) {
      const { state } = await client.getLoadState({ collection_name: name });
      if (String(state) === "LoadStateNotLoad") continue;
      const counted = await client.query({
        collection_name: name,
        filter: "",
        output_fields: ["count(*)"],
        consistency_level: "Strong" as never,
      });
      if (counted.status.error_code !== "Success") throw new Error(counted.status.reason);
    }
  } finally {
    await client.closeConnection();
  }
}

/** A graceful stop takes up to a minute, so it gets a few seconds; nothing acknowledged is lost by a kill. */
async function end(pid: number): Promise<void> {
  process.kill(pid, "SIGCONT");
  process.kill(pid, "SIGTERM");
  if (await gone(pid, 8000)) return;
  process.kill(pid, "SIGKILL");
  await gone(pid, 10_000);
}

async function gone(pid: number, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  while (alive(pid)) {
    if (Date.now() > until) return false;
    await sleep(50);
  }
  return true;
}

/** Alive and not a zombie that its parent has not noticed yet. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

function signal(name: "SIGSTOP" | "SIGCONT"): void {
  const state = readState();
  if (state === null) throw new Error("Milvus does not run.");
  process.kill(state.pid, name);
}

function readFileState(): State | null {
  return existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, "utf8")) as State) : null;
}

function readState(): State | null {
  const state = readFileState();
  return state !== null && alive(state.pid) ? state : null;
}

function readUsers(): readonly number[] {
  return readFileState()?.users ?? [];
}

function writeState(state: State): void {
  writeFileSync(stateFile, JSON.stringify(state));
}

async function locked<T>(work: () => Promise<T>): Promise<T> {
  mkdirSync(cache, { recursive: true });
  const owner = join(lockFolder, "pid");
  for (;;) {
    try {
      mkdirSync(lockFolder);
      writeFileSync(owner, String(process.pid));
      break;
    } catch {
      if (existsSync(owner) && !alive(Number(readFileSync(owner, "utf8")))) rmSync(lockFolder, { recursive: true, force: true });
      await sleep(100);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lockFolder, { recursive: true, force: true });
  }
}

function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

async function main(command: string | undefined): Promise<void> {
  if (command === "start") {
    await use(0, {});
    console.log(`Milvus ${version} answers at ${address}, process ${readState()?.pid}`);
  } else if (command === "stop") {
    await release(0);
    console.log(readState() === null ? "Milvus is stopped" : `Milvus is still used by ${readUsers().join(", ")}`);
  } else if (command === "status") {
    const state = readState();
    console.log(
      state === null ? "Milvus does not run" : `Milvus ${version} at ${address}, process ${state.pid}, users ${state.users.join(", ")}`,
    );
  } else {
    console.error("usage: milvus start|stop|status");
    process.exitCode = 2;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2]);
