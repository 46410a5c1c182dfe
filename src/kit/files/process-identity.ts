/** Identifies a process, and checks whether another process is still running. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
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
  /** The parent when the identity was written down. Absent in files of earlier versions. */
  readonly parentPid?: number;
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
    parentPid: process.ppid,
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
 * True for a process that is alive, but not for long: it was killed and has not ended yet, or it has lost its parent. A command that the
 * launcher has started ends with the launcher.
 */
export function isEnding(other: ProcessIdentity): boolean {
  if (livenessOf(other) !== "alive") return false;
  const { state, parentPid, flags } = statOf(other.pid) ?? {};
  if (state === undefined || hasEnded(state) || (Number(flags) & exitingFlag) !== 0) return true;
  return isKilled(other.pid) || (other.parentPid !== undefined && Number(parentPid) !== other.parentPid);
}

/**
 * Returns the start time of a process, in clock ticks since boot. Returns null if the process has ended or is a zombie. Also returns null
 * if the operating system does not show the start time.
 */
export function startTicksOf(pid: number): string | null {
  const stat = statOf(pid);
  // The first thread may have ended before the others, which then still write.
  if (stat === null || (hasEnded(stat.state) && threadsOf(pid) <= 1)) return null;
  return stat.startedAt ?? null;
}

/** The flag of Linux for a process that has begun to end. */
const exitingFlag = 0x4;

interface ProcessStat {
  readonly state: string;
  readonly parentPid: string | undefined;
  readonly flags: string | undefined;
  readonly startedAt: string | undefined;
}

function statOf(pid: number): ProcessStat | null {
  const stat = readOrNull(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // Field 2 is the name of the process in parentheses; the name may contain spaces and parentheses. These are the fields 3, 4, 9 and 22.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields?.[0] === undefined) return null;
  return { state: fields[0], parentPid: fields[1], flags: fields[6], startedAt: fields[19] };
}

function hasEnded(state: string): boolean {
  return state === "Z" || state === "X";
}

function threadsOf(pid: number): number {
  return readOrNull(() => readdirSync(`/proc/${pid}/task`))?.length ?? 0;
}

/** Whether the process has been sent SIGKILL, and has not acted on it yet. */
function isKilled(pid: number): boolean {
  const status = readOrNull(() => readFileSync(`/proc/${pid}/status`, "utf8")) ?? "";
  const pending = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return (BigInt(`0x${pending}`) & (1n << 8n)) !== 0n;
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function readOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
