/** The server of a day: it is killed and stopped and starts again, and its disk becomes full. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readdirSync, readFileSync, type WriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { filesBelow } from "./files-below.js";

const script = fileURLToPath(new URL("./server-process.js", import.meta.url));
const diskMb = 384;
/** Mounting a disk needs root. Without one, the disk never becomes full. */
export const canMount = process.platform === "linux" && process.getuid?.() === 0;

/** One life of the process. */
export interface Life {
  readonly url: string;
  readonly seq: number;
}

export class DayServer implements AsyncDisposable {
  readonly #folder: string;
  readonly #log: WriteStream;
  #child: ChildProcess | null = null;
  #life: Promise<Life> | null = null;
  #lives = 0;
  #leaving = -1;
  #fullUntilMs = Number.NEGATIVE_INFINITY;
  #isFull = false;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#log = createWriteStream(join(folder, "log.jsonl"));
  }

  static async start(): Promise<DayServer> {
    const server = new DayServer(await mkdtemp(join(tmpdir(), "headrace-day-")));
    for (const name of ["disk", "temporary"]) await mkdir(join(server.#folder, name));
    if (canMount) execFileSync("mount", ["-t", "tmpfs", "-o", `size=${diskMb}m`, "tmpfs", server.#disk]);
    server.#life = server.#begin();
    await server.life();
    return server;
  }

  get dataFolder(): string {
    return join(this.#disk, "data");
  }

  get temporaryFolder(): string {
    return join(this.#folder, "temporary");
  }

  /** Resolves when the server answers. */
  async life(): Promise<Life> {
    if (this.#life === null) throw new Error("the server has not started");
    return this.#life;
  }

  /** Whether this life was told to end, or has ended. */
  isOver({ seq }: Life): boolean {
    return seq <= this.#leaving;
  }

  /** Whether the disk was full at any time since then. */
  wasFullSince(startedMs: number): boolean {
    return this.#isFull || this.#fullUntilMs >= startedMs;
  }

  /** Ends the process and starts it again. */
  async restart(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const { seq } = await this.life();
    this.#leaving = seq;
    this.#life = this.#end(signal).then(() => this.#begin());
    await this.life();
  }

  /** For good. Returns the exit code. */
  async stop(): Promise<number | null> {
    this.#leaving = (await this.life()).seq;
    return await this.#end("SIGTERM");
  }

  async fillDisk(): Promise<void> {
    this.#isFull = true;
    await writeFile(this.#filler, Buffer.alloc(diskMb * 2 ** 20)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOSPC") throw error;
    });
  }

  async clearDisk(): Promise<void> {
    await rm(this.#filler, { force: true });
    this.#fullUntilMs = performance.now();
    this.#isFull = false;
  }

  async setModel(speed: "slow" | "fast"): Promise<void> {
    if (speed === "slow") await writeFile(this.#slowMark, "");
    else await rm(this.#slowMark, { force: true });
  }

  /** What the process uses now. */
  usage(): { readonly rssMb: number; readonly openFiles: number } {
    const pid = this.#child?.pid;
    const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return { rssMb: Number(kilobytes) / 1024, openFiles: readdirSync(`/proc/${pid}/fd`).length };
  }

  /** Paths of the files of the server, without those that bring back deleted rows: they are kept for thirty days. */
  dataFiles(): readonly string[] {
    return filesBelow(this.dataFolder).filter((path) => !path.startsWith("deleted/"));
  }

  /** The first lines of the log about something that the server does not know, with what came before them. */
  unknownFailures(): string {
    const lines = this.#logLines();
    const first = lines.findIndex((line) => (line !== "" && !line.startsWith("{")) || line.includes('"unexpected"'));
    return first < 0 ? "none" : lines.slice(Math.max(0, first - 5), first + 5).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== null) await this.#end("SIGKILL");
    this.#log.end();
    if (canMount) execFileSync("umount", [this.#disk]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #disk(): string {
    return join(this.#folder, "disk");
  }

  get #filler(): string {
    return join(this.#disk, "filler");
  }

  get #slowMark(): string {
    return join(this.#folder, "slow");
  }

  #logLines(): readonly string[] {
    return readFileSync(join(this.#folder, "log.jsonl"), "utf8").split("\n");
  }

  #begin(): Promise<Life> {
    const seq = this.#lives++;
    const env = { ...process.env, TMPDIR: this.temporaryFolder };
    const child = spawn(process.execPath, [script, this.dataFolder, this.#slowMark], { stdio: ["ignore", "pipe", "pipe"], env });
    child.stderr.pipe(this.#log, { end: false });
    this.#child = child;
    return Promise.race([
      once(createInterface(child.stdout), "line").then(([url]) => ({ url: url as string, seq })),
      once(child, "close").then(([code, signal]) => {
        throw new Error(`the server ended with ${code ?? signal}: ${this.#logLines().slice(-10).join("\n")}`);
      }),
    ]);
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exit = once(child, "exit") as Promise<[number | null]>;
    child.kill(signal);
    const [code] = await exit;
    return code;
  }
}
