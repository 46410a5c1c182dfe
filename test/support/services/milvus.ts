/** Installs, starts and stops a real Milvus 2.3.5. Only one can run on a machine, so several processes share it. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { startTicksOf } from "../../../src/kit/index.js";
import { freezeProcess, isAlive, type ProcessMark, portsAreFree, servicesFolder, startProcess, stopProcess, waitUntil } from "./process.js";
import { installVenv, type Venv } from "./venv.js";

/** Settings of milvus.yaml by dotted path, e.g. `quotaAndLimits.dml.enabled`. */
export type MilvusSettings = Readonly<Record<string, string | boolean>>;

export interface MilvusServer {
  /** `host:port` of the proxy. */
  readonly address: string;
  /** Of the server that runs now; another one after `restart`. */
  readonly pid: number;
  /** Gives this process' use back; the server ends when nobody uses it any more. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when it is gone. `restart` brings it back. */
  kill(): Promise<void>;
  /** A new server on the same data, ended first if it runs; resolves when a real query is answered. */
  restart(settings?: MilvusSettings): Promise<void>;
  /** Stops all its threads: calls hang. */
  pause(): Promise<void>;
  resume(): void;
}

interface State {
  readonly server: ProcessMark;
  /** Processes that use it; it ends with the last one. */
  readonly users: readonly ProcessMark[];
  /** Uses it alone; others wait. Null: they share it. */
  readonly alone: ProcessMark | null;
  /** Started by the command line: it stays until it is stopped there. */
  readonly kept: boolean;
}

export interface MilvusUse {
  /** "alone" waits until nobody else uses the server, and keeps others out: for tests that kill, freeze or configure it. Default "shared". */
  readonly use?: "shared" | "alone";
}

const run = promisify(execFile);
const version = "2.3.5";
const port = 19_530;
const address = `127.0.0.1:${port}`;
/** The ports of the etcd inside it. Milvus ends if they are taken. */
const etcdPorts = [2379, 2380];
const us: ProcessMark = { pid: process.pid, startTime: startTicksOf(process.pid) ?? "" };
const stateFile = () => join(servicesFolder(), "milvus.json");
const home = () => join(servicesFolder(), "milvus-data");

/** Sessions of a killed server expire sooner, so a restart takes 12 s instead of 38. */
const testSettings: MilvusSettings = { "common.session.ttl": "10", "log.level": "warn", "log.stdout": "false" };

/** Python environment and unpacked server; 15 s the first time. */
export async function installMilvus(): Promise<Venv> {
  const venv = await installVenv({ name: "milvus", installs: [["--no-deps", `milvus==${version}`]] });
  if (!existsSync(binary())) await run(venv.python, ["-c", "import sys, milvus; milvus._initialize_data_files(sys.argv[1])", home()]);
  return venv;
}

/**
 * The server at HEADRACE_MILVUS_ADDRESS, else the one that runs already, else a new one with empty data, which ends with
 * the last process that uses it.
 */
export async function startMilvus({ use = "shared" }: MilvusUse = {}): Promise<MilvusServer> {
  const given = process.env["HEADRACE_MILVUS_ADDRESS"];
  if (given !== undefined) return foreign(given);
  await start(
    (state) => use === "shared" || others(state, us).length === 0,
    ({ kept, users }) => ({ kept, users: [...users, us], alone: use === "alone" ? us : null }),
  );
  process.once("exit", releaseNow);
  return own;
}

/** `start` keeps it until `stop`; answers what to print. Throws for another command. */
export async function milvusCommand(command: string | undefined): Promise<string> {
  switch (command) {
    case "start":
      await start(
        () => true,
        ({ users }) => ({ users, kept: true, alone: null }),
      );
      return `Milvus ${version} answers at ${address}, pid ${readState()?.server.pid}`;
    case "stop":
      await release({ kept: false });
      return readState() === null ? "Milvus is stopped" : "Milvus stays: tests use it";
    case "status": {
      const state = readState();
      return state === null ? "Milvus does not run" : `Milvus ${version} at ${address}, pid ${state.server.pid}`;
    }
    default:
      throw new Error("usage: milvus start | stop | status");
  }
}

const own: MilvusServer = {
  address,
  get pid() {
    return running().pid;
  },
  stop: async () => {
    process.off("exit", releaseNow);
    await release({ without: us });
  },
  kill: async () => {
    process.kill(running().pid, "SIGCONT");
    await stopProcess(running(), { graceMs: 0 });
  },
  restart: async (settings = {}) => {
    const { server: _, ...use } = savedState();
    const state = readState();
    // A graceful stop takes up to a minute; nothing acknowledged is lost by ending it sooner.
    if (state !== null) await stopProcess(state.server, { graceMs: 5000 });
    await configure(await installMilvus(), settings);
    writeState({ server: await launch(), ...use });
    await ready(120_000);
  },
  pause: () => freezeProcess(running().pid),
  resume: () => {
    process.kill(running().pid, "SIGCONT");
  },
};

function foreign(given: string): MilvusServer {
  const refuse = (): never => {
    throw new Error("the Milvus at HEADRACE_MILVUS_ADDRESS is not ours to stop or to kill");
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

type Use = Omit<State, "server">;

/** Joins the server that runs, as soon as its users allow it, or launches one. */
async function start(mayJoin: (state: State) => boolean, change: (use: Use) => Use): Promise<void> {
  const venv = await installMilvus();
  let joined = false;
  const join = async () => {
    const state = await withoutOrphan();
    if (state !== null) {
      const taken = state.alone !== null && state.alone.pid !== us.pid && isAlive(state.alone);
      if (taken || !mayJoin(state)) return;
      writeState({ server: state.server, ...change(state) });
    } else {
      for (const folder of ["data", "logs", "run"]) rmSync(`${home()}/${folder}`, { recursive: true, force: true });
      await configure(venv, {});
      writeState({ server: await launch(), ...change({ users: [], alone: null, kept: false }) });
    }
    joined = true;
  };
  for (;;) {
    await locked(join);
    if (joined) return ready(60_000);
    await delay(500);
  }
}

/** A server whose users were all killed may be half stopped, frozen or badly configured: it is ended, and a new one takes its place. */
async function withoutOrphan(): Promise<State | null> {
  const state = readState();
  if (state === null || state.kept || others(state).length > 0) return state;
  await stopProcess(state.server, { graceMs: 0 });
  return null;
}

async function release(change: { readonly without?: ProcessMark; readonly kept?: boolean }): Promise<void> {
  await locked(async () => {
    const state = readState();
    if (state === null) return;
    const users = others(state, change.without);
    const kept = change.kept ?? state.kept;
    const alone = state.alone?.pid === change.without?.pid ? null : state.alone;
    if (users.length > 0 || kept) return writeState({ server: state.server, users, alone, kept });
    await stopProcess(state.server, { graceMs: 5000 });
    rmSync(stateFile(), { force: true });
  });
}

/** For a process that ends without `stop`: a server that nobody uses any more is killed. */
function releaseNow(): void {
  const state = readState();
  if (state === null) return;
  if (others(state, us).length > 0 || state.kept) return;
  process.kill(state.server.pid, "SIGKILL");
  rmSync(stateFile(), { force: true });
}

function others({ users }: State, without?: ProcessMark): readonly ProcessMark[] {
  return users.filter((user) => user.pid !== without?.pid && isAlive(user));
}

async function configure(venv: Venv, settings: MilvusSettings): Promise<void> {
  const script = [
    "import json, socket, sys, milvus",
    "config = milvus.MilvusServerConfig(data_dir=sys.argv[1], proxy_port=int(sys.argv[2]))",
    // It binds each port to see that it is free, which fails for a minute after a server has used it.
    "config.try_bind_port = lambda port: socket.socket()",
    "[config.set(key, value) for key, value in json.loads(sys.argv[3]).items()]",
    "config.resolve()",
  ].join("\n");
  await run(venv.python, ["-c", script, home(), String(port), JSON.stringify({ ...testSettings, ...settings })]);
}

/** The server itself, without the Python program around it, which would leave it behind when it is signalled. */
async function launch(): Promise<ProcessMark> {
  await portsAreFree([port, ...etcdPorts]);
  mkdirSync(join(home(), "run"), { recursive: true });
  const { pid, startTime } = startProcess({
    command: binary(),
    args: ["run", "standalone"],
    cwd: home(),
    env: { DEPLOY_MODE: "STANDALONE", METRICS_PORT: "9091", MILVUS_RUN_DIR: join(home(), "run"), LD_LIBRARY_PATH: join(home(), "bin") },
    logFile: join(home(), "server.log"),
    outlives: true,
  });
  return { pid, startTime };
}

function binary(): string {
  return join(home(), "bin", "milvus");
}

/** Healthy is not enough: after a crash, loaded collections answer "not loaded" for half a minute. */
async function ready(timeoutMs: number): Promise<void> {
  const sdk = await import("@zilliz/milvus2-sdk-node");
  await waitUntil("Milvus answers a query", () => answersQueries(sdk), { timeoutMs, everyMs: 250, alive: () => readState() !== null });
}

async function answersQueries({ MilvusClient }: typeof import("@zilliz/milvus2-sdk-node")): Promise<boolean> {
  const client = new MilvusClient({ address, token: "root:Milvus", timeout: 3000, maxRetries: 0, telemetry: { enabled: false } });
  try {
    await client.connectPromise;
    const shown = await client.showCollections();
    if (shown.status.error_code !== "Success") return false;
    for (const { name } of shown.data) {
      const { state } = await client.getLoadState({ collection_name: name });
      if (String(state) === "LoadStateNotLoad") continue;
      const counted = await client.query({ collection_name: name, filter: "", output_fields: ["count(*)"] });
      if (counted.status.error_code !== "Success") return false;
    }
    return true;
  } finally {
    await client.closeConnection();
  }
}

function running(): ProcessMark {
  const state = readState();
  if (state === null) throw new Error("Milvus does not run");
  return state.server;
}

/** Null when the server does not run. */
function readState(): State | null {
  if (!existsSync(stateFile())) return null;
  const state = savedState();
  return isAlive(state.server) ? state : null;
}

function savedState(): State {
  return JSON.parse(readFileSync(stateFile(), "utf8")) as State;
}

function writeState(state: State): void {
  writeFileSync(stateFile(), JSON.stringify(state));
}

/** One process at a time; a lock whose owner is gone is broken. */
async function locked(work: () => Promise<void>): Promise<void> {
  const folder = join(servicesFolder(), "milvus.lock");
  const owner = join(folder, "owner.json");
  for (;;) {
    try {
      mkdirSync(folder);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (existsSync(owner) && !isAlive(JSON.parse(readFileSync(owner, "utf8")) as ProcessMark))
      rmSync(folder, { recursive: true, force: true });
    await delay(100);
  }
  writeFileSync(owner, JSON.stringify(us));
  try {
    await work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
