import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HeadraceError, type RunReport } from "../../contracts/index.js";
import { adviceLines, rerunAdvice } from "./resume-advice.js";

function linesFor(ended: RunReport["ended"], error?: HeadraceError): readonly string[] {
  return adviceLines({ ended, ...(error === undefined ? {} : { error }) }, rerunAdvice);
}

describe("the end of a run that did not complete", () => {
  it("gives the advice to go on once, when the error gives it already", () => {
    const stopped = new HeadraceError("aborted", "the caller stopped the run");
    assert.deepEqual(linesFor("aborted", stopped), ["[aborted] the caller stopped the run", rerunAdvice]);
    const away = new HeadraceError("outage_too_long", "the store was away for 300 s");
    assert.deepEqual(linesFor("failed", away), ["[outage_too_long] the store was away for 300 s", away.hint]);
  });

  it("gives it after an error that says something else", () => {
    const error = new HeadraceError("timed_out", "no answer within 10 s");
    assert.deepEqual(linesFor("failed", error), ["[timed_out] no answer within 10 s", error.hint, rerunAdvice]);
  });

  it("does not give it where a repeat ends the same way", () => {
    for (const code of ["passport_mismatch", "model_invalid", "collection_foreign", "config_conflict"] as const) {
      assert.deepEqual(linesFor("failed", new HeadraceError(code, "said")), [`[${code}] said`, new HeadraceError(code, "").hint]);
    }
  });

  it("says how to go on after a stop, and nothing after a run that completed", () => {
    assert.deepEqual(linesFor("drained"), [rerunAdvice]);
    assert.deepEqual(linesFor("completed"), []);
  });
});
