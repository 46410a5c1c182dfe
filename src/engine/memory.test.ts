/** A running pipeline must not keep finished items in memory. The garbage collector is the judge. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

test("nothing of an item is kept once it is settled, however many went through", { timeout: 20_000 }, async () => {
  const script = `
    import { from, run } from ${JSON.stringify(new URL("./index.js", import.meta.url).href)};
    const born = [];
    const itemOf = (seq) => {
      const item = { seq, id: "id-" + seq, facts: {}, bytes: 10, value: { vector: new Float32Array(1) } };
      born.push(new WeakRef(item));
      return item;
    };
    let alive;
    const source = {
      name: "source",
      async *read() {
        for (let seq = 0; seq < 2000; seq += 1) yield itemOf(seq);
        while (settled < 2000) await new Promise((resolve) => setTimeout(resolve, 1));
        await new Promise((resolve) => setTimeout(resolve, 1));
        gc();
        alive = born.filter((ref) => ref.deref() !== undefined).length;
      },
      settle() { settled += 1; },
    };
    let settled = 0;
    const lane = { concurrency: 2, batch: { maxItems: 16, lingerMs: 1 } };
    const stage = (name) => ({ name, process: async (batch) => batch.map((item) => ({ kind: "ok", item: { ...item } })) });
    const sink = { name: "sink", process: async (batch) => batch.map(({ seq }) => ({ kind: "ok", seq })) };
    const pipeline = from(source).through(stage("a"), lane).through(stage("b"), { admit: true }).through(stage("c"), lane).into(sink, lane);
    await run(pipeline).done;
    console.log(alive);
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", "--input-type=module", "--eval", script]);
  const alive = Number(stdout);
  assert.ok(alive <= 2, `${alive} items are still alive`);
});
