/**
 * A day of a service in minutes: 16 clients that ask for things of all kinds, while the server is killed and stopped, its model is slow and
 * its disk is full. Nothing that was answered as stored is lost, and neither memory nor files grow. `HEADRACE_DAY_REQUESTS=10000` makes the
 * day shorter. `npm run day`
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Asker } from "../support/day/asker.js";
import { collection, DayClient, stateOf } from "../support/day/client.js";
import { canMount, DayServer } from "../support/day/day-server.js";
import { filesBelow } from "../support/day/files-below.js";
import { Ledger } from "../support/day/ledger.js";
import { servePictures } from "../support/day/pictures.js";
import { type Sample, third } from "../support/day/schedule.js";

const requests = Number(process.env["HEADRACE_DAY_REQUESTS"] ?? 100_000);
const seed = Number(process.env["HEADRACE_TEST_SEED"] ?? 1);
const clients = 16;

test(`${requests} requests with faults, restarts and a full disk lose nothing that was answered`, {
  timeout: 7_200_000,
}, async (context) => {
  await using web = await servePictures();
  await using server = await DayServer.start();
  const [asker, ledger] = [new Asker(server), new Ledger()];
  await asker.ask("create", "POST", "/v1/collections", { body: { name: collection } });
  let isOver = false;
  const asking = Array.from({ length: clients }, async (_, index) => {
    const client = new DayClient({ name: `client-${index}`, seed: seed * 1000 + index, asker, ledger, web: web.url });
    while (!isOver) await client.act();
  });
  const thirds: (readonly Sample[])[] = [];
  const day = async (): Promise<void> => {
    for (let each = 0; each < 3; each += 1) thirds.push(await third(server, asker, requests / 3));
  };
  await Promise.race([day(), Promise.all(asking)]).finally(() => {
    isOver = true;
  });
  await Promise.all(asking);

  await server.restart("SIGKILL");
  const rows = await allRows(asker);
  for (const [name, count] of [...asker.tally].sort()) context.diagnostic(`${name}: ${count}`);
  for (const line of thirds.map(usageOf)) context.diagnostic(line);
  context.diagnostic(`files of the data folder: ${byFolder(server.dataFiles())}`);
  const certain = ledger.ids.filter((id) => ledger.certain(id) !== undefined).length;
  context.diagnostic(`${rows.size} rows, ${ledger.ids.length} ids, ${certain} of them with one possible state; full disk: ${canMount}`);
  context.diagnostic(`failures that the server does not know: ${server.unknownFailures()}`);
  assert.deepEqual(asker.surprises.slice(0, 20), [], `${asker.surprises.length} surprises`);
  const wrong = ledger.ids.filter((id) => !ledger.allows(id, rows.get(id) ?? null));
  assert.deepEqual(wrong.map((id) => `${id}: expected ${ledger.expected(id)}, found ${rows.get(id) ?? null}`).slice(0, 20), []);
  assert.deepEqual(
    [...rows.keys()].filter((id) => !ledger.ids.includes(id)),
    [],
  );
  // Answers that were lost leave two states of a row. A longer day has more of them.
  assert.ok(certain > 0.5 * ledger.ids.length, `${certain} of ${ledger.ids.length} rows have one possible state`);

  assert.equal(await server.stop(), 0);
  assert.deepEqual(filesBelow(server.temporaryFolder), []);
  assert.deepEqual(
    server.dataFiles().filter((path) => /\.(partial|tmp)$|\/\.?draft/.test(path)),
    [],
  );
  const [first = [], middle = [], last = []] = thirds;
  const grown = (of: (sample: Sample) => number): number => medianOf(last.map(of)) / medianOf(middle.map(of));
  assert.ok(grown(({ rssMb }) => rssMb) < 1.15, "memory");
  assert.ok(grown(({ openFiles }) => openFiles) < 1.15, "open files");
  // Their number rises with each write, and falls when the store tidies up.
  const files = (samples: readonly Sample[]): readonly number[] => samples.map(({ dataFiles }) => dataFiles);
  assert.ok(Math.min(...files(last)) <= Math.max(...files([...first, ...middle])), "files of the data folder");
});

/** The state of each row, by id, from all pages. */
async function allRows(asker: Asker): Promise<ReadonlyMap<string, string>> {
  const rows = new Map<string, string>();
  let cursor: string | null = "";
  while (cursor !== null) {
    const after: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await asker.ask("last look", "GET", `/v1/collections/${collection}/images?pick=all&limit=200${after}`);
    assert.equal(status, 200, JSON.stringify(body));
    for (const row of body.images) {
      assert.ok(!rows.has(row.id), `${row.id} is there twice`);
      rows.set(row.id, stateOf(row));
    }
    cursor = body.next_cursor;
  }
  return rows;
}

function usageOf(samples: readonly Sample[], index: number): string {
  const [rss, open, files] = (["rssMb", "openFiles", "dataFiles"] as const).map((name) => {
    const values = samples.map((sample) => sample[name]);
    return `${medianOf(values).toFixed(0)} (${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)})`;
  });
  return `third ${index + 1}: memory ${rss} MB, open files ${open}, files of the data folder ${files}, ${samples.length} samples`;
}

function byFolder(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const folder = path
      .split("/")
      .slice(0, path.includes(".lance/") ? 2 : 1)
      .join("/");
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].map(([folder, count]) => `${folder} ${count}`).join(", ");
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
