/** Who stands back when the processor is busy: the threads of the image model, and never those that answer. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { serveHeadrace } from "../support/services/headrace.js";

/** The niceness of each thread of a process, as Linux has it. */
async function nicenessOf(pid: number): Promise<{ readonly main: number; readonly others: readonly number[] }> {
  const threads = await readdir(`/proc/${pid}/task`);
  const read = async (thread: string): Promise<number> => {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, "utf8");
    // The name of the thread is in brackets, and may contain spaces. The niceness is the 17th field after it.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  };
  return { main: await read(String(pid)), others: await Promise.all(threads.filter((thread) => thread !== String(pid)).map(read)) };
}

test("the server's image model stands back, and the threads that answer do not", async () => {
  await using server = await serveHeadrace({ settings: ["embedder.sessions=2"] });
  const { main, others } = await nicenessOf(server.pid);
  assert.equal(main, 0);
  assert.ok(others.filter((niceness) => niceness === 10).length >= 2, others.join());
  assert.ok(others.includes(0), others.join());
});

test("the configuration decides how far the model stands back, 0 included", async () => {
  await using server = await serveHeadrace({ settings: ["embedder.niceness=0"] });
  const { main, others } = await nicenessOf(server.pid);
  assert.deepEqual([...new Set([main, ...others])], [0]);
});
