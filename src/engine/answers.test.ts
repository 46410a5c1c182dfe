import assert from "node:assert/strict";
import { test } from "node:test";
import { type AnyResult, matchAnswers } from "./answers.js";
import { errorOf, itemOf, itemsOf, ok } from "./fakes.test.js";

const batch = itemsOf(3);
const broken = (message: RegExp) => ({ code: "contract_broken", scope: "run", message });

test("answers come in the order of the batch, however the results were ordered", () => {
  const results: AnyResult[] = [{ kind: "skip", seq: 2, reason: "known" }, ok(itemOf(0)), { kind: "fail", seq: 1, error: errorOf("item") }];
  const kinds = matchAnswers("read", batch, results, 2).map((answer) =>
    answer.kind === "fail" ? `fail after ${answer.attempts}` : answer.kind,
  );
  assert.deepEqual(kinds, ["ok", "fail after 2", "skip"]);
});

test("a missing, a second and a foreign answer are named with the stage and the item", () => {
  const all = batch.map(ok);
  assert.throws(() => matchAnswers("read", batch, all.slice(1), 1), broken(/"read", results for item 0: expected one, found none/));
  assert.throws(
    () => matchAnswers("read", batch, [...all, ok(itemOf(1))], 1),
    broken(/"read", results for item 1: expected one, found two/),
  );
  assert.throws(
    () => matchAnswers("read", batch, [...all.slice(1), ok(itemOf(7))], 1),
    broken(/"read", result for item 7: expected an item of the batch/),
  );
});

test("what is no list of results, or no result, breaks the contract too", () => {
  const given = (results: unknown) => () => matchAnswers("read", batch, results as AnyResult[], 1);
  assert.throws(given(undefined), broken(/"read"/));
  assert.throws(given([undefined, undefined, undefined]), broken(/undefined/));
  assert.throws(given(batch.map(({ seq }) => ({ kind: "maybe", seq }))), broken(/expected ok, bypass, skip or fail, found maybe/));
});

test("a size that is not a number would never leave the byte gate: it breaks the contract", () => {
  for (const bytes of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    assert.throws(() => matchAnswers("read", [itemOf(0)], [ok(itemOf(0, { bytes }))], 1), broken(/bytes/));
  }
});

test("an error that is not Headrace's own becomes one", () => {
  const results = [{ kind: "fail", seq: 0, error: new TypeError("odd") }] as unknown as AnyResult[];
  const [answer] = matchAnswers("read", [itemOf(0)], results, 1);
  assert.equal(answer?.kind === "fail" && answer.error.code, "unexpected");
});
