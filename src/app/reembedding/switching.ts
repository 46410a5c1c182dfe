/** The end of a re-embedding: catches up with the old collection, compares both, and switches the alias. */
import { setTimeout as pause } from "node:timers/promises";
import { type Collection, HeadraceError, type VectorStore } from "../../contracts/index.js";
import { closed } from "../lifetimes/closing.js";
import { type GateReport, gateReport, isComplete, missingText, refusalOf } from "./gate.js";
import { clockSlackMs, markLive } from "./live-since.js";
import { totals } from "./pass-totals.js";
import type { Pass, Passes } from "./passes.js";
import type { ReembedRequest, ReembedStats } from "./request.js";
import { type Roles, switchToNext } from "./roles.js";

interface Switching {
  readonly roles: Roles;
  readonly origin: Collection;
  readonly target: Collection;
  readonly passes: Passes;
  readonly first: Promise<Pass>;
  readonly request: ReembedRequest;
  readonly signal: AbortSignal;
}

/** The most passes while others may write to the old collection. The fewer rows are left after them, the shorter its writers must wait. */
const maxFreePasses = 20;
/** A pass that finds at most this many rows is short. */
const fewRows = 50;
/** Passes without a lock until both sides agree, while other processes go on to write. */
const maxAgreeingPasses = 20;
const lockPauseMs = 250;
const stragglerPauseMs = 1_000;
/** The share of rows whose image may be gone, unless the caller says otherwise. */
const maxMissingShare = 0.001;

export async function followAndSwitch(store: VectorStore, switching: Switching): Promise<ReembedStats> {
  const { roles, target, passes, request } = switching;
  const done: Pass[] = [await switching.first];
  const ended = (ending: Ending): ReembedStats => ({
    ...totals(done, passes, ending.error),
    alias: roles.alias,
    from: roles.live,
    to: target.name,
    switched: ending.switched,
    gate: ending.gate,
  });
  try {
    await followFreely(switching, done);
    if (!isWhole(done.at(-1)!, passes)) return ended(noSwitch);
    return ended(await (request.switching === "later" ? compareOnly(switching, done) : compareAndSwitch(store, switching, done)));
  } catch (error) {
    return ended({ ...noSwitch, error: HeadraceError.from(error) });
  }
}

/** Repeats passes until one finds few rows, or a pass does not complete. */
async function followFreely({ origin, passes }: Switching, done: Pass[]): Promise<void> {
  while (done.length < maxFreePasses && isWhole(done.at(-1)!, passes)) {
    const { report, deleted } = done.at(-1)!;
    if (done.length > 1 && report.read + deleted <= fewRows) return;
    done.push(await passOf(passes, origin, { kind: "all" }));
  }
}

interface Ending extends Pick<ReembedStats, "gate" | "switched"> {
  readonly error: HeadraceError | null;
}

const noSwitch: Ending = { gate: null, switched: false, error: null };

async function compareOnly({ origin, target, signal }: Switching, done: readonly Pass[]): Promise<Ending> {
  return { ...noSwitch, gate: await gateReport(origin, target, done, signal) };
}

async function compareAndSwitch(store: VectorStore, switching: Switching, done: Pass[]): Promise<Ending> {
  const { roles, target, request } = switching;
  const since = Date.now() - clockSlackMs;
  const locked = await openForWriting(store, switching);
  if (locked === null) return noSwitch;
  const ending = await closed([locked], async (): Promise<Ending> => {
    const gate = await agree(store, locked, switching, done, since);
    if (gate === null) return noSwitch;
    const { maxMissing = { share: maxMissingShare }, minOverlap = 0, observer } = request;
    observer?.({ kind: "notice", message: `Before the switch of ${roles.alias}: ${missingText(gate)}.` });
    const error = refusalOf(gate, roles.alias, { maxMissing, minOverlap });
    if (error === null) {
      await markLive(target, Date.now());
      await switchToNext(store, roles, target.name);
    }
    return { gate, switched: error === null, error };
  });
  if (!ending.switched) return ending;
  const error = await followStragglers(store, switching, done, since).then(
    () => null,
    (thrown: unknown) => HeadraceError.from(thrown),
  );
  return { ...ending, error };
}

/** Repeats passes until the new collection has the rows of the old one. Returns null if a pass does not complete. */
async function agree(
  store: VectorStore,
  locked: Collection,
  { target, passes, signal }: Switching,
  done: Pass[],
  recentSince: number,
): Promise<GateReport | null> {
  for (let count = 1; ; count += 1) {
    const pass = await passOf(passes, locked, { kind: "all", recentSince });
    done.push(pass);
    if (!isWhole(pass, passes)) return null;
    const isQuiet = pass.report.read === 0 || store.maxWriters > 1;
    if (!isQuiet && count < maxAgreeingPasses) continue;
    const report = await gateReport(locked, target, done, signal);
    if (isComplete(report) || count >= maxAgreeingPasses) return report;
  }
}

/**
 * Calls that began before the switch may still write to the old collection. Only rows that no pass has seen are copied: what was copied
 * before the switch may have been deleted in the new collection since.
 */
async function followStragglers(store: VectorStore, { origin, passes }: Switching, done: Pass[], since: number): Promise<void> {
  for (let quiet = 0; quiet < (store.maxWriters > 1 ? 2 : 1); ) {
    const pass = await passOf(passes, origin, { kind: "stragglers", since });
    done.push(pass);
    if (!isWhole(pass, passes)) return;
    quiet = pass.report.read === 0 ? quiet + 1 : 0;
    if (store.maxWriters > 1) await pause(stragglerPauseMs);
  }
}

/** Waits until the writer of the old collection has ended. Returns null if the call is stopped meanwhile. */
async function openForWriting(store: VectorStore, { roles, passes, request, signal }: Switching): Promise<Collection | null> {
  for (let tries = 0; !passes.isDrained && !signal.aborted; tries += 1) {
    try {
      return await store.openCollection(roles.live, "write");
    } catch (error) {
      if (!HeadraceError.is(error) || error.code !== "lock_held") throw error;
      if (tries === 0) request.observer?.({ kind: "notice", message: `Waiting for the end of a run that writes to ${roles.live}.` });
      await pause(lockPauseMs);
    }
  }
  return null;
}

async function passOf(passes: Passes, origin: Collection, scope: Parameters<Passes["start"]>[1]): Promise<Pass> {
  return (await passes.start(origin, scope)).done;
}

function isWhole({ report }: Pass, passes: Passes): boolean {
  return report.ended === "completed" && report.upkeepError === undefined && !passes.isDrained;
}
