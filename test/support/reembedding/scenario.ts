/** Re-embeds a collection while clients search it and one inserts and deletes, and kills the re-embedding several times. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ReembedStats } from "../../../src/app/index.js";
import type { Hit } from "../../../src/contracts/index.js";
import { pathOf, pictureOf, writePictures } from "./pictures.js";
import { clients, type InserterReport, openTwin, type Role, type SearchersReport, type Task } from "./processes.js";

const script = fileURLToPath(new URL("./process.js", import.meta.url));

/** Deletions between the last comparison and the switch. */
const maxLateDeletions = 5;

/** What a re-embedding that was killed has gone through, for reports. */
export interface ScenarioReport {
  readonly rows: number;
  readonly kills: number;
  readonly searches: SearchersReport["searches"];
  readonly inserted: number;
  readonly deleted: number;
  readonly caughtUp: number;
}

/** `killAfter`: how many rows each killed call stores before it is killed. */
export async function reembedUnderLoad(task: Task, killAfter: readonly number[]): Promise<ScenarioReport> {
  const { alias, collection, photos, rows } = task;
  await writePictures(
    photos,
    Array.from({ length: rows }, (_, number) => number),
  );
  await using old = await openTwin(task, "old");
  const inputs = Array.from({ length: rows }, (_, number) => ({ input: pathOf(photos, number), metadata: { number } }));
  const { failures } = await old.insertImagesAsync({ inputs, collectionName: collection, collectIds: "omit" });
  assert.deepEqual(failures, []);
  await old.aliases.set(alias, collection);

  const searchers = new Worker("searchers", task);
  const inserter = new Worker("inserter", task);
  await searchers.until(({ began }) => began === true);
  for (const stored of killAfter) await killed(task, stored);
  const { report: done } = await new Worker("reembed", task).until<ReembedStats>(({ report }) => report !== undefined);
  assert.deepEqual([done?.ended, done?.switched, done?.gate?.missing], ["completed", true, 0]);
  const written = await inserter.end<InserterReport>();
  const found = await searchers.end<SearchersReport>();

  assert.deepEqual(found.problems, []);
  assert.deepEqual(
    found.changes,
    Array.from({ length: clients }, () => 1),
    "each client saw the model change once",
  );
  assert.ok(found.searches.old > 0 && found.searches.new > 0);
  await checkRows(task, written);
  await checkRollback(task);
  return {
    rows,
    kills: killAfter.length,
    searches: found.searches,
    inserted: written.stored.length + written.deleted.length,
    deleted: written.deleted.length,
    caughtUp: done?.caughtUp ?? 0,
  };
}

/** A call that is killed with SIGKILL when it has stored this many rows. */
async function killed(task: Task, stored: number): Promise<void> {
  assert.equal(await new Worker("reembed", task, String(stored)).signal(), "SIGKILL");
}

/**
 * Every picture that was stored and not deleted is in the new collection, and no other one. In a store without a writer's lock, deletions
 * in the last seconds before the switch may reach only the old collection. A deletion just after it may come before the last copies from
 * the old collection.
 */
async function checkRows(task: Task, { stored, deleted, deletedInOld }: InserterReport): Promise<void> {
  await using pipeline = await openTwin(task, "new");
  const found = new Set<number>();
  for await (const page of pipeline.scan(task.alias, { vectors: "omit" })) {
    for (const { facts } of page) found.add(Number(facts.metadata["number"]));
  }
  const expected = [...Array.from({ length: task.rows }, (_, number) => number), ...stored];
  const deletedInNew = deleted.filter((number) => !deletedInOld.includes(number));
  const late = [...deletedInOld.slice(-maxLateDeletions), ...deletedInNew.slice(0, maxLateDeletions)];
  const allowed = new Set([...expected, ...(task.config?.milvus === undefined && task.config?.postgres === undefined ? [] : late)]);
  const lost = expected.filter((number) => !found.has(number));
  const extra = [...found].filter((number) => !allowed.has(number));
  assert.deepEqual([lost, extra], [[], []], `deleted: ${deleted.join(", ")}`);
}

/** After a rollback, the alias answers with the very bytes of the old collection, and nothing was written to it. */
async function checkRollback(task: Task): Promise<void> {
  await using old = await openTwin(task, "old");
  const answers = async (collectionName: string): Promise<string> => {
    const found: (readonly Hit[])[] = [];
    for (let number = 0; number < 50; number += 1) found.push(await old.searchImages(pictureOf(number), { collectionName, topK: 20 }));
    return JSON.stringify(found);
  };
  const before = await answers(task.collection);
  await old.reembedding.rollBack(task.alias);
  assert.equal(await answers(task.alias), before);
}

interface Line<T> {
  readonly began?: boolean;
  readonly report?: T;
}

/** A child process that prints JSON lines. */
class Worker {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exit: Promise<readonly unknown[]>;
  #errors = "";

  constructor(role: Role, task: Task, ...more: readonly string[]) {
    this.#child = spawn(process.execPath, [script, role, JSON.stringify(task), ...more], { stdio: ["pipe", "pipe", "pipe"] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    this.#exit = once(this.#child, "exit");
  }

  /** Reads lines until one fits. */
  async until<T>(fits: (line: Line<T>) => boolean): Promise<Line<T>> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      assert.ok(done !== true, `the process ended: ${this.#errors}`);
      const line = JSON.parse(value) as Line<T>;
      if (fits(line)) return line;
    }
  }

  /** Ends the process softly, and returns its report. */
  async end<T>(): Promise<T> {
    this.#child.stdin?.end();
    const { report } = await this.until<T>((line) => line.report !== undefined);
    await this.#exit;
    return report!;
  }

  /** Waits until the process has ended. Returns the signal that ended it. */
  async signal(): Promise<unknown> {
    const [, signal] = await this.#exit;
    return signal;
  }
}
