/** Starts and stops a real Redis or Valkey: one that is installed, else Debian's package, unpacked without being installed. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePorts, freezeProcess, type ServiceProcess, servicesFolder, startProcess, waitUntil } from "./process.js";

export interface RedisServer {
  /** `redis://127.0.0.1:port` */
  readonly url: string;
  /** Ends the server and starts it again, on the data that it has on disk. */
  restart(): Promise<void>;
  pause(): Promise<void>;
  resume(): void;
  /** SIGKILL. `restart` brings it back. */
  kill(): Promise<void>;
  /** Sends one command, and returns the raw answer. */
  command(text: string): Promise<string>;
  stop(): Promise<void>;
}

interface RedisProgram {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

const run = promisify(execFile);
const packages = ["redis-server", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1"] as const;

/** The installed server, else the one from Debian's packages, which is downloaded once. */
export async function installRedis(): Promise<RedisProgram> {
  for (const name of ["valkey-server", "redis-server"]) {
    const found = await run("sh", ["-c", `command -v ${name}`]).catch(() => null);
    if (found !== null) return { command: found.stdout.trim(), env: {} };
  }
  const folder = join(servicesFolder(), "redis");
  const command = join(folder, "usr", "bin", "redis-server");
  if (!existsSync(command)) await unpack(folder);
  const [architecture = ""] = readdirSync(join(folder, "usr", "lib")).filter((name) => name.includes("-linux-gnu"));
  return { command, env: { LD_LIBRARY_PATH: join(folder, "usr", "lib", architecture) } };
}

/** Another process may do the same: the last step is a rename. */
async function unpack(folder: string): Promise<void> {
  const temporary = mkdtempSync(join(servicesFolder(), "redis-"));
  try {
    const download = () => run("apt-get", ["download", ...packages], { cwd: temporary });
    // A fresh machine has no lists of packages yet.
    await download().catch(async () => {
      await run("apt-get", ["update"]);
      await download();
    });
    const root = join(temporary, "root");
    mkdirSync(root);
    for (const file of readdirSync(temporary).filter((name) => name.endsWith(".deb"))) {
      await run("dpkg-deb", ["-x", join(temporary, file), root]);
    }
    await run("mv", ["-T", "--no-clobber", root, folder]);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Starts a server with empty data and an append-only file. `args`: more arguments of the server. */
export async function startRedis(args: readonly string[] = []): Promise<RedisServer> {
  const program = await installRedis();
  const folder = mkdtempSync(join(tmpdir(), "headrace-redis-"));
  const [port = 0] = await freePorts(1);
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", "", ...args];
  const start = async (): Promise<ServiceProcess> => {
    const server = startProcess({ ...program, args: settings, logFile: join(folder, "redis.log") });
    const isReady = async () => /PONG|NOAUTH/.test(await ask(port, "PING"));
    await waitUntil(`Redis on port ${port}`, isReady, { timeoutMs: 20_000, everyMs: 50, alive: () => server.isAlive() });
    return server;
  };
  let server = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    command: (text) => ask(port, text),
    pause: () => freezeProcess(server.pid),
    resume: () => server.signal("SIGCONT"),
    kill: () => server.kill(),
    restart: async () => {
      await server.stop();
      server = await start();
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${text}\r\n`));
    socket.setTimeout(2_000, () => socket.destroy(new Error("no answer")));
    socket.once("data", (bytes) => {
      resolve(bytes.toString());
      socket.destroy();
    });
    socket.once("error", reject);
  });
}
