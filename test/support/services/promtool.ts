/** Fetches promtool, Prometheus' own checker, from Debian's package. Nothing is installed into the system. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { servicesFolder } from "./process.js";

const run = promisify(execFile);

/** Returns the path of the program. 5 s the first time. */
export async function installPromtool(): Promise<string> {
  const found = await run("which", ["promtool"]).catch(() => null);
  if (found !== null) return found.stdout.trim();
  const folder = join(servicesFolder(), "prometheus");
  const tool = join(folder, "usr", "bin", "promtool");
  if (existsSync(tool)) return tool;
  await mkdir(servicesFolder(), { recursive: true });
  const draft = await mkdtemp(join(servicesFolder(), "prometheus-"));
  try {
    const download = () => run("apt-get", ["download", "prometheus"], { cwd: draft });
    await download().catch(async () => {
      await run("apt-get", ["update"]);
      await download();
    });
    const [archive = ""] = await readdir(draft);
    await run("dpkg-deb", ["-x", join(draft, archive), join(draft, "unpacked")]);
    await rename(join(draft, "unpacked"), folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return tool;
}
