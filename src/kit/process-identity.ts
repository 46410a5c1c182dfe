/** Identifies a process, and checks whether another process is still running. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Identifies one process across machines, containers and reboots, as far as the operating system allows. */
export interface ProcessIdentity {
  readonly host: string;
  /** The boot id of Linux, which changes at each boot. Null if the operating system has no boot id. */
  readonly bootId: string | null;
  /**
   * The PID namespace of Linux. Each container has its own process ids, so `pid` is valid only within this namespace. Null if the operating
   * system does not show a namespace.
   */
  readonly pidNamespace: string | null;
  readonly pid: number;
  /**
   * Start time of the process, in clock ticks since boot. A later process with the same pid has another start time. Null if the operating
   * system does not show the start time.
   */
  readonly startedAt: string | null;
}

/**
 * "elsewhere": it is not known whether the process is running. It may belong to another machine or container, or the operating system does
 * not show enough.
 */
export type Liveness = "alive" | "dead" | "elsewhere";

export function ownIdentity(): ProcessIdentity {
  return {
    host: hostname(),
    bootId: readOrNull(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    pidNamespace: readOrNull(() => readlinkSync("/proc/self/ns/pid")),
    pid: process.pid,
    startedAt: startTicksOf(process.pid),
  };
}

export function isThisProcess(other: ProcessIdentity): boolean {
  return other.pid === process.pid && livenessOf(other) === "alive";
}

export function livenessOf(other: ProcessIdentity): Liveness {
  const own = ownIdentity();
  const sameTable = own.host === other.host && own.bootId === other.bootId && own.pidNamespace === other.pidNamespace;
  if (!sameTable) return "elsewhere";
  if (own.startedAt !== null) return startTicksOf(other.pid) === other.startedAt ? "alive" : "dead";
  return hasProcess(other.pid) ? "elsewhere" : "dead";
}

/**
 * Returns the start time of a process, in clock ticks since boot. Returns null if the process has ended or is a zombie. Also returns null
 * if the operating system does not show the start time.
 */
export function startTicksOf(pid: number): string | null {
  const stat = readOrNull(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The start time is field 22. Field 2 is the name of the process in parentheses; the name may contain spaces and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields?.[0];
  return state === undefined || state === "Z" || state === "X" ? null : (fields?.[19] ?? null);
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function readOrNull(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
