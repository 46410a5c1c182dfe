/** The dead-letter file with several writers, and with lines that cannot be parsed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFile, mkdir, mkdtemp, open, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { HeadraceError, type ImageFacts, type Key, type Outcome } from "../../contracts/index.js";
import { keyOf } from "../../kit/index.js";
import type { DeadLetter } from "./dead-letter.js";
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

  const entries = async (): Promise<readonly DeadLetter[]> => {
    const letters: DeadLetter[] = [];
    for await (const letter of readDeadLetters(path)) letters.push(letter);
    return letters;
  };
  const sources = async (): Promise<readonly string[]> => (await entries()).map(({ source }) => source).sort();

  it("says source, id, code, message, attempts, failures and times of what failed", async () => {
    const letters = await DeadLetters.open(path, { now: () => new Date(0) });
    await letters.settle(failed("file:///a.jpg", 17n));
    await letters.finish();
    assert.deepEqual(
      (await readFile(path, "utf8"))
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
      [
        {
          source: "file:///a.jpg",
          id: "17",
          idType: "int64",
          code: "image_corrupt",
          message: "planted",
          attempts: 1,
          failures: 1,
          first: "1970-01-01T00:00:00.000Z",
          time: "1970-01-01T00:00:00.000Z",
        },
      ],
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

  it("counts the runs in which an image failed, and keeps the time of the first", async () => {
    for (const seconds of [1, 2, 3]) {
      const letters = await DeadLetters.open(path, { now: () => new Date(seconds * 1_000) });
      await letters.settle(failed("a.jpg"));
      await letters.finish();
    }
    const [letter] = await entries();
    assert.deepEqual([letter?.failures, letter?.first.slice(17, 19), letter?.time.slice(17, 19)], [3, "01", "03"]);
    const curing = await DeadLetters.open(path);
    await curing.settle(stored("a.jpg"));
    await curing.settle(failed("a.jpg"));
    await curing.finish();
    assert.equal((await entries())[0]?.failures, 4);
  });

  it("counts failures of runs that were killed before they could tidy", async () => {
    for (const seconds of [1, 2]) {
      const killed = await DeadLetters.open(path, { now: () => new Date(seconds * 1_000) });
      await killed.settle(failed("a.jpg"));
    }
    const last = await DeadLetters.open(path, { now: () => new Date(3_000) });
    await last.finish();
    const [letter] = await entries();
    assert.deepEqual([last.size, letter?.failures, letter?.first.slice(17, 19), letter?.time.slice(17, 19)], [1, 2, "01", "02"]);
  });

  it("removes what a process left that was killed while it tidied", async () => {
    await mkdir(join(folder, "deep"));
    await writeFile(`${path}.${randomUUID()}.tmp`, "half a li");
    const letters = await DeadLetters.open(path);
    await letters.settle(failed("a.jpg"));
    await letters.finish();
    assert.deepEqual(await readdir(join(folder, "deep")), ["photos.jsonl"]);
  });

  it("reads the entries of older versions", async () => {
    const old = { source: "a.jpg", id: "1", code: "image_corrupt", message: "x", attempts: 2, time: "2026-01-01T00:00:00.000Z" };
    await mkdir(join(folder, "deep"));
    await writeFile(path, `${JSON.stringify(old)}\n`);
    assert.deepEqual(await entries(), [{ ...old, failures: 1, first: old.time }]);
  });

  it("sets lines aside that are no entries, names the first, and goes on", async () => {
    const first = await DeadLetters.open(path);
    await first.settle(failed("a.jpg"));
    await first.finish();
    const whole = await readFile(path, "utf8");
    await writeFile(path, `x\n${whole}{"source": 5}\n\0\0${whole.replace("a.jpg", "c.jpg")}`);
    const notices: string[] = [];
    const second = await DeadLetters.open(path, { notice: (message) => notices.push(message) });
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? "", /photos\.jsonl: 3 lines are not entries, the first is line 1\. Moved to .*photos\.jsonl\.damaged/);
    assert.deepEqual((await readFile(`${path}.damaged`, "utf8")).split("\n").slice(0, 2), ["x", '{"source": 5}']);
    await second.settle(failed("b.jpg"));
    await second.settle(stored("a.jpg"));
    await second.finish();
    assert.equal(second.size, 1);
    assert.deepEqual(await sources(), ["b.jpg"]);
    await DeadLetters.open(path, { notice: (message) => notices.push(message) });
    assert.equal(notices.length, 1);
  });

  it("takes a last line without an end when it is an entry", async () => {
    await mkdir(join(folder, "deep"));
    await writeFile(path, '{"source":"a.jpg"}\n{"source":"b.jpg"}');
    const letters = await DeadLetters.open(path);
    await letters.settle(failed("c.jpg"));
    await letters.finish();
    assert.deepEqual(await sources(), ["a.jpg", "b.jpg", "c.jpg"]);
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

  it("takes ten thousand failures in a few writes, each durable when it is acknowledged", async () => {
    const letters = await DeadLetters.open(path);
    const writes = new Set<Promise<void> | undefined>();
    for (let at = 0; at < 10_000; at += 1) {
      const write = letters.settle(failed(`${at}.jpg`));
      writes.add(write);
      // The engine lets at most 1,024 acknowledgements wait.
      if (at % 1_024 === 0) await write;
    }
    await Promise.all(writes);
    assert.ok(writes.size <= 20, `${writes.size} writes`);
    assert.equal((await sources()).length, 10_000);
    await letters.finish();
    assert.equal(letters.size, 10_000);
  });

  it("needs no memory for the texts of its entries", async () => {
    await mkdir(join(folder, "deep"));
    const handle = await open(path, "w");
    const message = "x".repeat(2_000);
    for (let at = 0; at < 30_000; at += 1_000) {
      const lines = Array.from(
        { length: 1_000 },
        (_, index) => `${JSON.stringify({ source: `${at + index}.jpg`, code: "image_corrupt", message })}\n`,
      );
      await handle.write(lines.join(""));
    }
    await handle.close();
    const script = `
      const { DeadLetters } = await import(${JSON.stringify(new URL("./dead-letters.js", import.meta.url).href)});
      const { readDeadLetters } = await import(${JSON.stringify(new URL("./dead-letter-file.js", import.meta.url).href)});
      const before = process.memoryUsage().rss;
      let most = before;
      const letters = await DeadLetters.open(${JSON.stringify(path)});
      for await (const { source } of readDeadLetters(${JSON.stringify(path)})) {
        if (source.endsWith("7.jpg")) letters.settle({ kind: "stored", id: "", facts: { source } });
        most = Math.max(most, process.memoryUsage.rss());
      }
      await letters.finish();
      process.stdout.write(JSON.stringify({ grownMb: (process.resourceUsage().maxRSS * 1024 - before) / 2 ** 20, size: letters.size }));`;
    const { grownMb, size } = JSON.parse(await ended(["--max-old-space-size=64", "--input-type=module", "-e", script])) as {
      grownMb: number;
      size: number;
    };
    assert.equal(size, 27_000);
    assert.ok(grownMb < 60, `grew by ${grownMb} MB, of a file of 62 MB`);
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

function failed(source: string, id: Key = keyOf(source)): Outcome {
  return {
    kind: "failed",
    seq: 0,
    id,
    facts: factsOf(source),
    stage: "decode",
    error: new HeadraceError("image_corrupt", "planted"),
    attempts: 1,
  };
}

function stored(source: string, id: Key = keyOf(source)): Outcome {
  return { kind: "stored", seq: 0, id, facts: factsOf(source), reused: false };
}

function factsOf(source: string): ImageFacts {
  const listed = { uri: source, location: "/a.jpg", scheme: "file", root: source, version: null, sizeBytes: null, metadata: null };
  return { source, root: source, version: "", content: "", metadata: {}, metadataHash: "", width: 0, height: 0, listed };
}

async function ended(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((fulfil, reject) => {
    child.once("error", reject);
    child.once("close", fulfil);
  });
  assert.equal(code, 0, stderr);
  return stdout;
}
