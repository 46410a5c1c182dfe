/** Identifies a process, and tells whether another process is still alive. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** One process of one boot of one machine (or container). */
export interface ProcessIdentity {
  readonly host: string;
  /** Null if the system does not tell. */
  readonly bootId: string | null;
  /** Each container has its own process ids, so `pid` is valid only within this namespace. Null if the system does not tell. */
  readonly pidNamespace: string | null;
  readonly pid: number;
  /** In ticks since boot. Tells apart two processes that had the same pid. Null if the system does not tell. */
  readonly startedAt: string | null;
}

/** "elsewhere": the process belongs to another machine or container, so this process cannot tell. */
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

/** Start of the process in ticks since boot. Null if the process has ended (zombies included) or the system does not tell. */
export function startTicksOf(pid: number): string | null {
  const stat = readOrNull(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // Start time is field 22. Field 2, the name, may contain spaces and parentheses.
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
