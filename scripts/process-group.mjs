/** A process and all that it starts: watched, and ended together. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/**
 * Starts a command as the first process of a group of its own. The group is killed if the command prints nothing for `maxSilenceMs`, and ends
 * with this process on Ctrl-C. `onSilence` gets the command lines of the processes that are killed.
 */
export function spawnGroup(command, args, { maxSilenceMs, onSilence }) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  };
  const silence = setTimeout(() => {
    onSilence(commandLines(child.pid));
    kill("SIGKILL");
  }, maxSilenceMs);
  child.stdout.on("data", () => silence.refresh());
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"].map((name) => [name, () => kill(name)]);
  for (const [name, pass] of signals) process.on(name, pass);
  child.on("close", () => {
    clearTimeout(silence);
    for (const [name, pass] of signals) process.off(name, pass);
  });
  return child;
}

/** Empty where the system does not tell it. */
function commandLines(group) {
  return numbersIn("/proc").flatMap((pid) => {
    try {
      // The name of a process may have spaces and parentheses.
      const [, , groupOfPid] = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      if (Number(groupOfPid) !== group) return [];
      return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim().slice(0, 500)}`];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

function numbersIn(folder) {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
