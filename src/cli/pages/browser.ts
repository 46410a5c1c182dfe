/** Opens a file in the desktop's web browser. */
import { spawn } from "node:child_process";

export interface Desktop {
  readonly platform: NodeJS.Platform;
  /** True when stdout is a terminal. Otherwise a script may run the command, and no window is opened. */
  readonly isTerminal: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Returns the program that opens `path`, with its arguments. Returns null when no window can be shown. */
export function openerOf(path: string, { platform, isTerminal, environment }: Desktop): readonly [string, ...string[]] | null {
  if (!isTerminal) return null;
  if (platform === "darwin") return ["open", path];
  if (platform === "win32") return ["cmd", "/c", "start", "", path];
  const hasDisplay = Boolean(environment["DISPLAY"]) || Boolean(environment["WAYLAND_DISPLAY"]);
  return hasDisplay ? ["xdg-open", path] : null;
}

/** Opens `path` in the browser. Errors are ignored, because the command also prints the path of the page. */
export function openInBrowser(path: string, desktop: Desktop): void {
  const opener = openerOf(path, desktop);
  if (opener === null) return;
  const [program, ...args] = opener;
  const child = spawn(program, args, { stdio: "ignore", detached: true });
  child.once("error", () => child.unref());
  child.unref();
}
