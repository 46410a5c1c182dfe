/** Opens a page in the desktop's browser. */
import { spawn } from "node:child_process";

export interface Desktop {
  readonly platform: NodeJS.Platform;
  /** True when somebody sits at a terminal: scripts open no windows. */
  readonly isTerminal: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The program that opens `path`, and its arguments; null where nobody would see a window. */
export function openerOf(path: string, { platform, isTerminal, environment }: Desktop): readonly [string, ...string[]] | null {
  if (!isTerminal) return null;
  if (platform === "darwin") return ["open", path];
  if (platform === "win32") return ["cmd", "/c", "start", "", path];
  const hasDisplay = Boolean(environment["DISPLAY"]) || Boolean(environment["WAYLAND_DISPLAY"]);
  return hasDisplay ? ["xdg-open", path] : null;
}

/** Never fails: whoever sees no window has the page's path. */
export function openInBrowser(path: string, desktop: Desktop): void {
  const opener = openerOf(path, desktop);
  if (opener === null) return;
  const [program, ...args] = opener;
  const child = spawn(program, args, { stdio: "ignore", detached: true });
  child.once("error", () => child.unref());
  child.unref();
}
