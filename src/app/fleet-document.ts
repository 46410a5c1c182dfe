/** How far a fleet is, as a JSON document. */
import type { WorkerNote, WorkStatus } from "../contracts/index.js";

export interface FleetDocument {
  readonly collection: string;
  /** "distributing": shards are still being added. "failed": shards failed as a whole, and nothing else is left. */
  readonly state: "distributing" | "paused" | "working" | "upkeep" | "done" | "failed";
  /** Shards that wait for a worker. */
  readonly waiting: number;
  readonly active: number;
  readonly done: number;
  /** Shards that could not be listed. */
  readonly failed: number;
  /** Images of the shards that are done: read = stored + skipped + failed. */
  readonly images: WorkStatus["counts"];
  readonly stored: number;
  readonly imagesPerSecond: number;
  readonly deadLetters: number;
  readonly upkeep: WorkStatus["upkeep"];
  readonly failures: WorkStatus["failures"];
  readonly workers: readonly (Omit<WorkerNote, "startedAt" | "at" | "state"> & {
    /** "silent": it has written no note for some seconds. It may have died. */
    readonly state: WorkerNote["state"] | "silent";
    /** Seconds since its last note. */
    readonly seenSecondsAgo: number;
  })[];
  /** What limits the fleet, in one sentence. */
  readonly verdict: string;
}

/** Workers write a note every two seconds. */
const silentAfterMs = 10_000;

export function fleetDocument(collection: string, status: WorkStatus, now: number): FleetDocument {
  const { shards, counts, deadLetters, upkeep, failures } = status;
  const workers = [...status.workers]
    .sort((a, b) => a.startedAt - b.startedAt)
    .map(({ startedAt: _, at, state, ...note }) => {
      const isSilent = state === "working" && now - at > silentAfterMs;
      const seenSecondsAgo = Math.max(0, Math.round((now - at) / 1000));
      return { ...note, state: isSilent ? ("silent" as const) : state, seenSecondsAgo };
    });
  const working = workers.filter(({ state }) => state === "working");
  return {
    collection,
    state: stateOf(status),
    ...shards,
    images: counts,
    stored: counts.stored,
    imagesPerSecond: working.reduce((sum, worker) => sum + worker.imagesPerSecond, 0),
    deadLetters,
    upkeep,
    failures,
    workers,
    verdict: verdictOf(status, working),
  };
}

function stateOf({ state, paused, shards, upkeep }: WorkStatus): FleetDocument["state"] {
  if (paused) return "paused";
  if (state === "filling") return "distributing";
  if (shards.waiting + shards.active > 0) return "working";
  if (upkeep === "waiting" || upkeep === "active") return "upkeep";
  return shards.failed > 0 || upkeep === "failed" ? "failed" : "done";
}

/** The most frequent first clause of the workers' verdicts, such as "decode is the limit". */
function verdictOf(status: WorkStatus, working: readonly Pick<WorkerNote, "verdict">[]): string {
  const { waiting, active } = status.shards;
  if (waiting + active === 0) return "No shard is left to do.";
  if (working.length === 0) return "No worker is there. Start one with `headrace work`.";
  const clauses = new Map<string, number>();
  for (const { verdict } of working) {
    const clause = /^[^:;.]*/.exec(verdict)?.[0] ?? "";
    clauses.set(clause, (clauses.get(clause) ?? 0) + 1);
  }
  const [[clause, count] = ["", 0]] = [...clauses].sort(([, a], [, b]) => b - a);
  const few = waiting === 0 ? " No shard waits: more workers would not help." : "";
  return `${count} of ${working.length} workers: ${clause}.${few}`;
}
