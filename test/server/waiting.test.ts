/** Which jobs start, how many may wait, and which are kept: shares of clients, and jobs that may have ended the server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Entry } from "../../src/server/jobs/entry.js";
import { type Job, newJob } from "../../src/server/jobs/job.js";
import { longestKept } from "../../src/server/jobs/job-states.js";
import { checkWaiting, entriesToStart } from "../../src/server/jobs/waiting.js";
import { Refused } from "../../src/server/wire/problems.js";

const request = { kind: "ingest", collection: "pets", sources: [], listing: {}, retry: null, snapshotOf: null } as const;
const clients = ["", "one", "two", "three"] as const;

interface Given {
  readonly client: string;
  readonly state: Job["state"];
  readonly crashes: number;
  readonly isCancelled: boolean;
}

const given = fc.record<Given>({
  client: fc.constantFrom(...clients),
  state: fc.constantFrom("queued", "running", "completed"),
  crashes: fc.constantFrom(0, 0, 0, 1),
  isCancelled: fc.boolean(),
});

/** Jobs in the order of their creation. */
function entriesOf(all: readonly Given[]): ReadonlyMap<string, Entry> {
  const entries = all.map(({ client, state, crashes, isCancelled }, at) => {
    const job = { ...newJob(request, { given: 0, client, idempotency: null }), id: String(at).padStart(4, "0"), state, crashes };
    return { job, run: state === "running" ? {} : null, isCancelled } as Entry;
  });
  return new Map(entries.map((entry) => [entry.job.id, entry]));
}

const names = (entries: readonly Entry[]): string => entries.map(({ job: { id, client } }) => `${client}${Number(id)}`).join(" ");
const queued = (client: string, crashes = 0): Given => ({ client, state: "queued", crashes, isCancelled: false });
const running = (client: string, crashes = 0): Given => ({ ...queued(client, crashes), state: "running" });

test("a client with a thousand jobs does not keep the one of another client waiting", () => {
  const all = [running("one"), ...Array.from({ length: 1000 }, () => queued("one")), queued("two")];
  assert.equal(names(entriesToStart(entriesOf(all), 2)), "two1001");
});

test("clients that have nothing running take turns, so that a long queue of one is no queue for the others", () => {
  const ended = (client: string, startedAt: string): Entry => {
    const job = { ...newJob(request, { given: 0, client, idempotency: null }), id: `0-${client}`, state: "completed" as const, startedAt };
    return { job, run: null, isCancelled: false } as unknown as Entry;
  };
  const waiting = entriesOf([queued("one"), queued("one"), queued("two"), queued("one")]);
  const starts = (...before: readonly Entry[]): string =>
    names(entriesToStart(new Map([...waiting, ...before.map((entry) => [entry.job.id, entry] as const)]), 1));
  assert.equal(starts(), "one0");
  assert.equal(starts(ended("one", "2026-01-01T00:00:01Z")), "two2");
  assert.equal(starts(ended("one", "2026-01-01T00:00:01Z"), ended("two", "2026-01-01T00:00:02Z")), "one0");
});

test("of one client the oldest jobs start", () => {
  assert.equal(names(entriesToStart(entriesOf([queued(""), queued(""), queued("")]), 2)), "0 1");
});

test("a job during which the server has ended waits until nothing runs, runs alone, and is the next one", () => {
  const suspect = queued("one", 1);
  assert.equal(names(entriesToStart(entriesOf([running("two"), queued("two"), suspect]), 2)), "");
  assert.equal(names(entriesToStart(entriesOf([queued("two"), suspect]), 2)), "one1");
  assert.equal(names(entriesToStart(entriesOf([queued("two"), running("one", 1)]), 2)), "");
});

test("whatever waits and runs: no more than the limit run, none beside one that may end the server, and no place stays empty", () => {
  fc.assert(
    fc.property(fc.array(given, { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), (all, jobsAtOnce) => {
      const entries = entriesOf(all);
      const before = [...entries.values()].filter(({ run }) => run !== null);
      const waiting = [...entries.values()].filter(({ job, isCancelled }) => job.state === "queued" && !isCancelled);
      const started = entriesToStart(entries, jobsAtOnce);
      assert.ok(started.every((entry) => waiting.includes(entry)));
      assert.equal(new Set(started).size, started.length);
      const isAlone = [...before, ...waiting].some(({ job }) => job.crashes > 0);
      const most = isAlone ? 1 : jobsAtOnce;
      assert.equal(started.length, Math.max(0, Math.min(most - before.length, waiting.length)));
      if (isAlone && started.length > 0) assert.ok((started[0]?.job.crashes ?? 0) > 0);
    }),
  );
});

test("one key lets a quarter of the waiting jobs be those of others; without keys there is no share", () => {
  const waiting = (client: string, count: number) => Array.from({ length: count }, () => queued(client));
  const isFull = (all: readonly Given[], client: string): string | null => {
    try {
      checkWaiting(entriesOf(all), client, 8);
      return null;
    } catch (error) {
      return error instanceof Refused ? `${error.code} ${error.detail}` : null;
    }
  };
  assert.equal(isFull(waiting("one", 5), "one"), null);
  assert.match(isFull(waiting("one", 6), "one") ?? "", /^jobs_full jobs of this key: expected at most 6 that wait/);
  assert.equal(isFull(waiting("one", 6), "two"), null);
  assert.match(isFull([...waiting("one", 6), ...waiting("two", 2)], "two") ?? "", /^jobs_full jobs: expected at most 8 that wait/);
  assert.equal(isFull(waiting("", 7), ""), null);
  assert.match(isFull(waiting("", 8), "") ?? "", /^jobs_full jobs: expected at most 8 that wait/);
});

test("many ended jobs of one client do not make the server forget those of another one", () => {
  const ended = (client: string): Given => ({ ...queued(client), state: "completed" });
  const all = [ended("two"), ended("two"), ...Array.from({ length: 50 }, () => ended("one"))];
  const kept = longestKept([...entriesOf(all).values()].map(({ job }) => job)).slice(0, 4);
  assert.deepEqual(kept.map(({ id, client }) => `${client}${Number(id)}`).sort(), ["one50", "one51", "two0", "two1"]);
});
