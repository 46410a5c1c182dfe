/** The faster of two preprocessors is kept, and the other one is closed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { HeadraceError, type Preprocessor } from "../../contracts/index.js";
import { openFastest } from "./fastest-preprocessor.js";

const never = new AbortController().signal;

interface Fake extends Preprocessor {
  readonly calls: string[];
}

/** Takes `runMs` a batch; "broken" fails. */
function fake(name: string, runMs: number | "broken", refusal?: HeadraceError): Fake {
  const calls: string[] = [];
  return {
    name,
    label: `${name} label`,
    input: { kind: "squash", width: 2, height: 2, filter: "bicubic" },
    output: { dtype: "float32", layout: "NCHW", width: 2, height: 2 },
    calls,
    open: async () => {
      calls.push("open");
      if (refusal !== undefined) throw refusal;
    },
    run: async () => {
      if (runMs === "broken") throw new HeadraceError("unexpected", "broken");
      if (runMs > 0) await delay(runMs);
    },
    close: async () => {
      calls.push("close");
    },
  };
}

for (const [slow, fast] of [
  ["fallback", "candidate"],
  ["candidate", "fallback"],
] as const) {
  test(`${fast} is kept when ${slow} is slower, says so, and is closed by its owner alone`, async () => {
    const fakes = { [slow]: fake(slow, 20), [fast]: fake(fast, 0) } as Record<"fallback" | "candidate", Fake>;
    const kept = await openFastest({ fallback: async () => fakes.fallback, candidate: async () => fakes.candidate }, never);
    assert.match(kept.label, new RegExp(`^${fast} label: \\d\\.\\d\\d ms per image at startup, ${slow} took \\d\\.\\d\\d ms$`));
    assert.deepEqual(fakes[slow].calls, ["open", "close"]);
    assert.deepEqual(fakes[fast].calls, ["open"]);
    await kept.close?.();
    assert.deepEqual(fakes[fast].calls, ["open", "close"]);
  });
}

for (const code of ["part_missing", "config_conflict"] as const) {
  test(`the fallback one is used when the candidate is refused as ${code}`, async () => {
    const fallback = fake("fallback", 0);
    const kept = await openFastest(
      { fallback: async () => fallback, candidate: async () => fake("candidate", 0, new HeadraceError(code, "not here")) },
      never,
    );
    assert.equal(kept, fallback);
  });
}

test("both are closed when one breaks while it is measured", async () => {
  const fakes = [fake("fallback", 0), fake("candidate", "broken")] as const;
  await assert.rejects(openFastest({ fallback: async () => fakes[0], candidate: async () => fakes[1] }, never), /broken/);
  for (const { calls } of fakes) assert.deepEqual(calls, ["open", "close"]);
});
