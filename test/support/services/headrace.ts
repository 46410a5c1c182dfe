/** Starts `headrace serve`, as built, in a process of its own. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts, repositoryRoot, startProcess, waitUntil } from "./process.js";

export interface ServedOptions {
  /** Settings as `path=value`. Default: those of the command, with a collection folder that `stop` deletes. */
  readonly settings?: readonly string[];
}

export interface Served extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  readonly pid: number;
  /** The log lines so far. */
  log(): string;
}

/** Waits until embedder and store work. */
export async function serveHeadrace({ settings = [] }: ServedOptions = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "headrace-served-"));
  const [port = 0] = await freePorts(1);
  const logFile = join(folder, "log.jsonl");
  const sets = [`lancedb.path=${join(folder, "store")}`, `server.port=${port}`, "logging.level=warn", ...settings];
  const launcher = join(repositoryRoot(), "dist", "cli", "launcher.js");
  const server = startProcess({
    command: process.execPath,
    args: [launcher, "serve", ...sets.flatMap((each) => ["--set", each])],
    cwd: folder,
    logFile,
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntil("headrace answers", async () => (await fetch(`${url}/health/ready`)).ok, {
    timeoutMs: 60_000,
    alive: () => server.isAlive(),
  });
  return {
    url,
    pid: childOf(server.pid) ?? server.pid,
    log: () => readFileSync(logFile, "utf8"),
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The launcher starts the server as a process of its own where Node cannot replace the launcher by it. */
function childOf(pid: number): number | null {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return child ?? null;
}
