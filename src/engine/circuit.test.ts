import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunEvent } from "../contracts/index.js";
import { HeadraceError } from "../contracts/index.js";
import { Circuit, type CircuitOptions } from "./circuit.js";
import { errorOf, gateOf } from "./fakes.test.js";
import { Halt } from "./halt.js";

const events: RunEvent["kind"][] = [];

function circuitOf(options: Partial<CircuitOptions> = {}): Circuit {
  events.length = 0;
  const backoff = { baseDelayMs: 1, maxDelayMs: 4 };
  const emit = ({ kind }: RunEvent) => events.push(kind);
  return new Circuit({ stage: "store", maxOutageMs: 60_000, outage: backoff, overload: backoff, random: () => 1, emit, ...options });
}

test("while the service is away one worker at a time tries, the others follow when it answers", async () => {
  const circuit = circuitOf();
  const halt = new Halt();
  circuit.failed("free", errorOf("service"));
  const passes: string[] = [];
  const follow = [1, 2, 3].map(async (worker) => {
    const pass = await circuit.enter(halt);
    passes.push(`${worker} ${pass}`);
  });
  await follow[0];
  assert.deepEqual(passes, ["1 probe"]);
  circuit.answered("probe");
  await Promise.all(follow);
  assert.deepEqual(passes, ["1 probe", "2 free", "3 free"]);
  assert.equal(circuit.isOpen, false);
  assert.deepEqual(events, ["outage-started", "outage-ended"]);
});

test("after a failed probe another may be the next, later each time", async () => {
  const circuit = circuitOf({ outage: { baseDelayMs: 10, maxDelayMs: 40 } });
  const halt = new Halt();
  const startedAt = performance.now();
  circuit.failed("free", errorOf("service"));
  for (let probe = 0; probe < 3; probe += 1) {
    assert.equal(await circuit.enter(halt), "probe");
    if (probe < 2) circuit.failed("probe", errorOf("service"));
  }
  assert.ok(performance.now() - startedAt >= 10 + 20 + 40);
});

test("the other side's wish to wait is honoured", async () => {
  const circuit = circuitOf();
  const startedAt = performance.now();
  circuit.failed("free", errorOf("service", true, 40));
  await circuit.enter(new Halt());
  assert.ok(performance.now() - startedAt >= 40);
});

test("an outage that lasts too long ends the run, with the service's error as cause", async () => {
  const circuit = circuitOf({ maxOutageMs: 15 });
  const halt = new Halt();
  const cause = errorOf("service");
  const probing = async () => {
    for (let pass: "free" | "probe" = "free"; ; pass = await circuit.enter(halt)) circuit.failed(pass, cause);
  };
  await assert.rejects(probing, (error: HeadraceError) => {
    assert.deepEqual([error.code, error.scope, error.cause], ["outage_too_long", "run", cause]);
    assert.match(error.message, /"store".*15 ms/);
    return true;
  });
});

test("a success in between starts the measuring of the outage again, also that of a call from before it", async () => {
  const circuit = circuitOf({ maxOutageMs: 30 });
  const halt = new Halt();
  circuit.failed("free", errorOf("service"));
  await halt.pause(31);
  circuit.answered("free");
  assert.equal(circuit.isOpen, true, "only a probe shows that the service is back");
  assert.equal(await circuit.enter(halt), "probe");
  circuit.failed("probe", errorOf("service"));
});

test("no outage is allowed at all: the first failure ends the run", () => {
  assert.throws(() => circuitOf({ maxOutageMs: 0 }).failed("free", errorOf("service")), { code: "outage_too_long" });
});

test("a request for less is waited out by its own, gentler back-off", async () => {
  const circuit = circuitOf({ outage: { baseDelayMs: 60_000, maxDelayMs: 60_000 } });
  circuit.failed("free", new HeadraceError("overloaded", "429"));
  assert.equal(await circuit.enter(new Halt()), "probe");
});

test("a hard stop frees those who wait for the probe and those in line", async () => {
  const circuit = circuitOf({ outage: { baseDelayMs: 60_000, maxDelayMs: 60_000 } });
  const halt = new Halt();
  circuit.failed("free", errorOf("service"));
  const waiting = [circuit.enter(halt), circuit.enter(halt)];
  const { opened, open } = gateOf();
  open();
  await opened;
  halt.stop(new HeadraceError("aborted", "enough"));
  for (const wait of waiting) await assert.rejects(wait, { code: "aborted" });
});
