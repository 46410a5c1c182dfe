/** Which processes count as alive. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { isThisProcess, livenessOf, ownIdentity, startTicksOf } from "./process-identity.js";

const options = { skip: existsSync("/proc/self/stat") ? false : "no process table of Linux here" };

test("this process is alive; an earlier one with its id, and one that is gone, are dead", options, () => {
  const own = ownIdentity();
  assert.equal(isThisProcess(own), true);
  assert.equal(livenessOf(own), "alive");
  assert.equal(livenessOf({ ...own, startedAt: "1" }), "dead");
  assert.equal(livenessOf({ ...own, pid: 2 ** 22 + 1 }), "dead");
});

test("nothing is known of processes of another machine, boot or container", options, () => {
  for (const other of [{ host: "another.example" }, { bootId: "another" }, { pidNamespace: "pid:[1]" }]) {
    assert.equal(livenessOf({ ...ownIdentity(), ...other }), "elsewhere");
  }
});

test("a process that was killed is dead before its parent has taken note of the death", options, async () => {
  // What the shell starts is inherited by `sleep`, which waits for no child.
  const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    const marked = { ...ownIdentity(), pid, startedAt: startTicksOf(pid) };
    assert.equal(livenessOf(marked), "alive");
    process.kill(pid, "SIGKILL");
    while (!readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ")) await pause(5);
    assert.equal(livenessOf(marked), "dead");
    assert.equal(startTicksOf(pid), null);
  } finally {
    parent.kill("SIGKILL");
  }
});
