/** Tests that play many histories, and show the shortest history for each rule that is breached. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { breachOf, historyOf, play, settingOf } from "./history.js";
import { shrink } from "./shrink.js";

/** What must happen at least so often in each 100 histories. Otherwise they show nothing. */
const leastPerHundred = {
  "pruned rows": 50,
  "prunes of sources that are away": 60,
  "drives that go away during a call": 10,
  "inserts by another writer": 10,
  kills: 5,
  rename: 80,
  unmount: 40,
  mount: 15,
  cut: 25,
  toFolder: 10,
  repairs: 60,
  "destroyed vectors": 25,
  "retried images": 3,
  "restored rows": 20,
  "rows deleted by name": 20,
  tags: 80,
} as const;

/** Making a history short takes seconds. */
const maxShown = 12;

interface ManyHistories {
  readonly count: number;
  readonly seed: number;
  /** "ahead": no history depends on how fast the machine is, except those of the command line. Default: that of each history. */
  readonly clock?: "ahead";
}

export function describeHistories({ count, seed, clock }: ManyHistories): void {
  describe(`${count} histories (seed ${seed})`, { concurrency: false }, () => {
    const done = new Map<string, number>();
    const seen = new Set<string>();

    test("delete no row whose image exists, leave none whose image is gone, and lose no metadata", async (context) => {
      const found: string[] = [];
      for (let at = 0; at < count; at += 1) {
        const [steps, own] = [historyOf(seed + at), settingOf(seed + at)];
        const setting = clock === undefined || own.store === "command" ? own : { ...own, clock };
        const played = await play(steps, setting);
        for (const [what, times] of played.done) done.set(what, (done.get(what) ?? 0) + times);
        const breach = breachOf(played);
        if (breach === null || seen.has(breach) || seen.size === maxShown) continue;
        seen.add(breach);
        const { played: shortest } = await shrink(steps, setting, played);
        found.push(
          [
            `${shortest.violations[0]?.breach} (HEADRACE_TEST_SEED=${seed + at} HEADRACE_HISTORIES=1; ${setting.store}, clock ${setting.clock}):`,
            ...shortest.lines.map((line, index) => `  ${index + 1}. ${line}`),
            ...shortest.violations.map(({ breach: rule, key, why }) => `  ! ${rule}: ${key}: ${why}`),
          ].join("\n"),
        );
      }
      for (const each of found) context.diagnostic(each);
      assert.equal(found.length, 0, `\n${found.join("\n\n")}\n`);
    });

    // Few histories are no statistics.
    if (count < 100) return;
    test("did what they should, often enough", (context) => {
      context.diagnostic([...done].map(([what, times]) => `${what}: ${times}`).join(", "));
      for (const [what, least] of Object.entries(leastPerHundred)) {
        assert.ok(
          (done.get(what) ?? 0) >= (least * count) / 100,
          `${what}: expected at least ${least} times in 100 histories, found ${done.get(what)}`,
        );
      }
    });
  });
}
