/** Which process this is, and whether another one still lives. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** One process of one boot of one machine (or container). */
export interface ProcessIdentity {
  readonly host: string;
  /** Null where the system does not tell. */
  readonly bootId: string | null;
  /** The table that `pid` is a number in: containers of one machine have their own. Null where the system does not tell. */
  readonly pidNamespace: string | null;
  readonly pid: number;
  /** In ticks since boot; tells apart two processes with one pid. Null where the system does not tell. */
  readonly startedAt: string | null;
}

/** "elsewhere": its process table cannot be seen from here. */
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

/** Another part of this very process. */
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

/** When it started, in ticks since boot; null where the system does not tell, and for a process that has ended, waited for or not. */
export function startTicksOf(pid: number): string | null {
  const stat = readOrNull(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // It is field 22. The name in field 2 may hold blanks and parentheses.
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
