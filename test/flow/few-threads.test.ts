/** A process that may not start as many threads as it wants still stores all images. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { ended, workspace } from "./command.js";

/** A user without other processes: the limit counts all threads of the user. */
const user = 50_000 + (process.pid % 10_000);
const canChangeUser = process.platform === "linux" && process.getuid?.() === 0;
const maxThreads = 60;
const photos = 80;

test("with fewer threads than decode workers, the run stores all images and says once how many workers have started", {
  skip: canChangeUser ? false : "only root can run a command as another user",
  timeout: 120_000,
}, async () => {
  await using space = await workspace();
  const coffee = await readFile(resolve("test", "fidelity", "golden", "coffee.jpg"));
  const folder = join(space.folder, "photos");
  await mkdir(folder);
  for (let photo = 0; photo < photos; photo += 1) await writeFile(join(folder, `${photo}.jpg`), Buffer.concat([coffee, Buffer.of(photo)]));
  await chown(space.folder, user, user);
  const identity = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  const command = [process.execPath, space.bin, "ingest", "photos", "--json", "--set", "async_pipeline.preprocess_workers=64"];
  const child = spawn("prlimit", [`--nproc=${maxThreads}`, ...identity, ...command], {
    cwd: space.folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: space.folder },
  });
  const { code, stdout, stderr } = await ended(child);
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.equal((JSON.parse(stdout) as { stored: number }).stored, photos);
  assert.equal(stderr.match(/\d+ of 64 decode workers have started/g)?.length, 1, stderr);
});
