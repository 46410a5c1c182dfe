/** Kills the process that a person started, at random moments, and starts the same command again at once. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import sharp from "sharp";
import { cleanEnvironment, ended, type Workspace } from "../flow/command.js";

export interface PidKillsOptions {
  /** The Node binary that runs the command. */
  readonly node: string;
  readonly kills: number;
  /** Number of images in the folder. */
  readonly images: number;
  /** Returns the moment of each kill, from 0 to 1. */
  readonly random: (kill: number) => number;
}

export interface PidKills {
  /** How many runs were killed before their end. */
  readonly killed: number;
  /** The longest time from a kill to the end of a run of one image that began at once, without the time of such a run alone, in ms. */
  readonly slowestStartMs: number;
  /** Rows after the last run, which nobody killed. */
  readonly rows: number;
}

/** A run is killed in its first seconds: while it starts, takes the lock, and stores. */
const killWithinMs = 4_000;

/** Throws if a run that follows a kill does not succeed. */
export async function killPids(space: Workspace, { node, kills, images, random }: PidKillsOptions): Promise<PidKills> {
  const photos = join(space.folder, "photos");
  await makePhotos(photos, images);
  const start = (...args: readonly string[]): ChildProcess =>
    spawn(node, [space.bin, ...args], { cwd: space.folder, stdio: ["ignore", "pipe", "pipe"], env: cleanEnvironment() });
  const one = (): Promise<number> => timed(() => ended(start("ingest", join("photos", "0.png"), "--json")));
  await one();
  const aloneMs = await one();
  let [killed, slowestStartMs] = [0, 0];
  for (let kill = 0; kill < kills; kill += 1) {
    const child = start("ingest", "photos", "--quiet");
    const closed = once(child, "close");
    const timer = new AbortController();
    await Promise.race([closed, pause(random(kill) * killWithinMs, undefined, { signal: timer.signal })]);
    timer.abort();
    if (child.kill("SIGKILL")) killed += 1;
    slowestStartMs = Math.max(slowestStartMs, (await one()) - aloneMs);
    await closed;
  }
  const last = await ended(start("ingest", "photos", "--json"));
  if (last.code !== 0) throw new Error(`the last run ended with ${last.code}: ${last.stderr}`);
  const { stdout } = await ended(start("count", "--json"));
  return { killed, slowestStartMs, rows: (JSON.parse(stdout) as { count: number }).count };
}

async function timed(run: () => ReturnType<typeof ended>): Promise<number> {
  const before = performance.now();
  const { code, stderr } = await run();
  if (code !== 0) throw new Error(`the run after a kill ended with ${code}: ${stderr}`);
  return performance.now() - before;
}

async function makePhotos(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    const colour = { r: index % 256, g: Math.floor(index / 256) % 256, b: 7 };
    const image = sharp({ create: { width: 32, height: 32, channels: 3, background: colour } });
    await writeFile(join(folder, `${index}.png`), await image.png({ compressionLevel: 1 }).toBuffer());
  }
}
