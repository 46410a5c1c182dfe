/** The dead-letter file with several writers, and with lines that cannot be parsed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFile, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { HeadraceError, type ImageFacts, type Outcome } from "../../contracts/index.js";
import { readDeadLetters } from "./dead-letter-file.js";
import { DeadLetters } from "./dead-letters.js";

describe("the dead-letter file", () => {
  let folder = "";
  let path = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-dead-"));
    path = join(folder, "deep", "photos.jsonl");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const sources = async (): Promise<readonly string[]> => (await readDeadLetters(path)).letters.map(({ source }) => source).sort();

  it("says source, id, code, message, attempts and time of what failed", async () => {
    const letters = await DeadLetters.open(path, { now: () => new Date(0) });
    await letters.settle(failed("a.jpg"));
    await letters.finish();
    assert.deepEqual(
      (await readFile(path, "utf8"))
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
      [{ source: "a.jpg", id: "17", code: "image_corrupt", message: "planted", attempts: 1, time: "1970-01-01T00:00:00.000Z" }],
    );
    assert.deepEqual([letters.size, letters.fromEarlierRuns], [1, 0]);
  });

  it("is gone when everything in it succeeded", async () => {
    const first = await DeadLetters.open(path);
    await first.settle(failed("a.jpg"));
    await first.finish();
    const second = await DeadLetters.open(path);
    await second.settle(stored("a.jpg"));
    await second.finish();
    assert.deepEqual(await readdir(join(folder, "deep")), []);
    assert.equal(second.size, 0);
  });

  it("keeps the lines of a run beside one that ends without failures", async () => {
    const [failing, clean] = [await DeadLetters.open(path), await DeadLetters.open(path)];
    await failing.settle(failed("a.jpg"));
    await clean.finish();
    await failing.finish();
    assert.deepEqual(await sources(), ["a.jpg"]);
    assert.equal(failing.size, 1);
  });

  it("keeps the lines of a run beside one that cures an entry", async () => {
    const earlier = await DeadLetters.open(path);
    await earlier.settle(failed("old.jpg"));
    await earlier.finish();
    const [failing, curing] = [await DeadLetters.open(path), await DeadLetters.open(path)];
    await failing.settle(failed("a.jpg"));
    await curing.settle(stored("old.jpg"));
    await curing.finish();
    await failing.settle(failed("b.jpg"));
    await failing.finish();
    assert.deepEqual(await sources(), ["a.jpg", "b.jpg"]);
  });

  it("keeps a failure that came after the success of another run", async () => {
    const earlier = await DeadLetters.open(path, { now: () => new Date(1_000) });
    await earlier.settle(failed("a.jpg"));
    await earlier.finish();
    const curing = await DeadLetters.open(path, { now: () => new Date(2_000) });
    await curing.settle(stored("a.jpg"));
    const failing = await DeadLetters.open(path, { now: () => new Date(3_000) });
    await failing.settle(failed("a.jpg"));
    await curing.finish();
    assert.deepEqual(await sources(), ["a.jpg"]);
  });

  it("loses no line of several processes that append and tidy at once", async () => {
    const script = `
      const { DeadLetters } = await import(${JSON.stringify(new URL("./dead-letters.js", import.meta.url).href)});
      const name = process.argv[1];
      const outcome = (kind, source) => ({ kind, seq: 0, id: source, facts: { source }, error: { code: "image_corrupt", message: "planted" }, attempts: 1 });
      for (let round = 0; round < 20; round += 1) {
        const letters = await DeadLetters.open(${JSON.stringify(path)});
        await Promise.all([letters.settle(outcome("failed", name + round)), letters.settle(outcome("failed", "cured " + name))]);
        letters.settle(outcome("stored", "cured " + name));
        await letters.finish();
      }`;
    const names = ["a", "b", "c"];
    await Promise.all(names.map((name) => ended(["--input-type=module", "-e", script, name])));
    const expected = names.flatMap((name) => Array.from({ length: 20 }, (_, round) => `${name}${round}`));
    assert.deepEqual(await sources(), expected.sort());
    assert.deepEqual(await readdir(join(folder, "deep")), ["photos.jsonl"]);
  });

  it("names the line that is no entry, keeps it, and goes on", async () => {
    const first = await DeadLetters.open(path);
    await first.settle(failed("a.jpg"));
    await first.finish();
    await writeFile(path, `x\n${await readFile(path, "utf8")}{"source": 5}\n`);
    const notices: string[] = [];
    const second = await DeadLetters.open(path, { notice: (message) => notices.push(message) });
    assert.equal(notices.length, 2);
    assert.match(notices[0] ?? "", /photos\.jsonl.*line 1\b/);
    await second.settle(failed("b.jpg"));
    await second.settle(stored("a.jpg"));
    await second.finish();
    assert.equal(second.size, 1);
    assert.match(await readFile(path, "utf8"), /^x\n\{"source": 5\}\n\{"source":"b\.jpg"/);
  });

  it("drops a last line that a crash cut off, and begins a new one after it", async () => {
    const first = await DeadLetters.open(path);
    await first.settle(failed("a.jpg"));
    await first.finish();
    await appendFile(path, '{"source":"tor');
    const second = await DeadLetters.open(path);
    assert.doesNotMatch(await readFile(path, "utf8"), /tor/);
    await appendFile(path, '{"source":"tor');
    await second.settle(failed("b.jpg"));
    assert.deepEqual(await sources(), ["a.jpg", "b.jpg"]);
  });

  it("takes many failures of one moment in a few writes, each durable when it is acknowledged", async () => {
    const letters = await DeadLetters.open(path);
    const all = Array.from({ length: 2_000 }, (_, at) => letters.settle(failed(`${at}.jpg`)));
    const writes = new Set(all);
    assert.ok(writes.size <= 2, `${writes.size} writes`);
    await all[0];
    assert.ok((await sources()).includes("0.jpg"));
    await Promise.all(all);
    assert.equal((await sources()).length, 2_000);
  });

  it("is not kept from anybody by the lock of a process that died", async () => {
    const first = await DeadLetters.open(path);
    await first.settle(failed("a.jpg"));
    await writeFile(`${path}.lock`, "");
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, longAgo, longAgo);
    await first.settle(failed("b.jpg"));
    await first.finish();
    assert.deepEqual(await sources(), ["a.jpg", "b.jpg"]);
  });
});

function failed(source: string): Outcome {
  return {
    kind: "failed",
    seq: 0,
    id: 17n,
    facts: factsOf(source),
    stage: "decode",
    error: new HeadraceError("image_corrupt", "planted"),
    attempts: 1,
  };
}

function stored(source: string): Outcome {
  return { kind: "stored", seq: 0, id: 17n, facts: factsOf(source), reused: false };
}

function factsOf(source: string): ImageFacts {
  return { source, root: "", version: "", content: "", metadata: {}, metadataHash: "", width: 0, height: 0 };
}

async function ended(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((fulfil, reject) => {
    child.once("error", reject);
    child.once("close", fulfil);
  });
  assert.equal(code, 0, stderr);
}
