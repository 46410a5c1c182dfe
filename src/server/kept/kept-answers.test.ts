import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptAnswers } from "./kept-answers.js";

const request = (key: string) => ({ key, fingerprint: "same" });

test("an answer that is still worked on is not forgotten, however many requests come meanwhile", async () => {
  const kept = new KeptAnswers();
  let calls = 0;
  let finish = (_answer: object): void => undefined;
  const work = (): Promise<object> => {
    calls += 1;
    return new Promise((resolve) => {
      finish = resolve;
    });
  };
  const first = kept.answer(request("slow"), work);
  for (let at = 0; at < 2000; at += 1) await kept.answer(request(`fast-${at}`), async () => ({}));
  const again = kept.answer(request("slow"), work);
  assert.equal(calls, 1);
  finish({ status: 200 });
  assert.deepEqual(await first, { status: 200 });
  assert.deepEqual(await again, { status: 200, headers: { "idempotency-replayed": "true" } });
});

test("of answers that are known, the last thousand are kept", async () => {
  const kept = new KeptAnswers();
  let calls = 0;
  const work = async (): Promise<object> => {
    calls += 1;
    return {};
  };
  for (let at = 0; at < 1001; at += 1) await kept.answer(request(`${at}`), work);
  assert.equal(calls, 1001);
  await kept.answer(request("1000"), work);
  await kept.answer(request("2"), work);
  assert.equal(calls, 1001);
  await kept.answer(request("0"), work);
  assert.equal(calls, 1002);
});
