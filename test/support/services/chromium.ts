/** Finds Chromium, or installs Debian's. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);
const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The path of the browser: that of HEADRACE_CHROMIUM, else one of the system. Takes a minute if it must be installed. */
export async function installChromium(): Promise<string> {
  const found = [process.env["HEADRACE_CHROMIUM"] ?? "", ...places].find((path) => existsSync(path));
  if (found !== undefined) return found;
  await run("apt-get", ["update"]);
  await run("apt-get", ["install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk"], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 64 * 1024 * 1024,
  });
  return places[0]!;
}
