/** A server that is killed while rows are written loses none and doubles none. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Collection, HeadraceError } from "../../../src/contracts/index.js";
import { extent } from "../../support/extent.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

const shared = process.env["HEADRACE_MILVUS_ADDRESS"] === undefined ? missing : "the server at HEADRACE_MILVUS_ADDRESS cannot be killed";
const total = extent({ some: 8_000, all: 20_000 });
const batchRows = 200;
const killedAt = extent({ some: [total * 0.4], all: [total * 0.25, total * 0.6] });

describe("a killed server", { skip: shared }, () => {
  const live = new LiveMilvus("killed_", { use: "alone" });

  it(`killed while ${total} rows are written, it holds each of them once`, async (context) => {
    const store = await live.store({ timeout: 10 });
    const collection = await store.create("killed_rows", { dimension: 256, metric: "cosine", passport: null });
    const all = keys(total);
    const away: string[] = [];
    let written = 0;
    const batches = Array.from({ length: total / batchRows }, (_, at) => all.slice(at * batchRows, (at + 1) * batchRows));
    const progress = new EventEmitter();
    const writtenRows = async (rows: number) => {
      while (written < rows) await once(progress, "batch");
    };

    const worker = async (first: number) => {
      for (let at = first; at < batches.length; at += 4) {
        await persist(collection, batches[at]!, away);
        written += batchRows;
        progress.emit("batch");
      }
    };
    const killer = async () => {
      for (const rows of killedAt) {
        await writtenRows(rows);
        await live.server.kill();
        await live.server.restart();
      }
    };
    await Promise.all([killer(), ...[0, 1, 2, 3].map(worker)]);

    context.diagnostic(`${away.length} calls met a server that was away: ${[...new Set(away)].join(", ")}`);
    assert.ok(away.length > 0, "writers noticed");
    assert.equal(await collection.count(), total);
    const known = await collection.known(all, calm);
    assert.equal(known.size, total);
    const seen = new Set<unknown>();
    for await (const rows of collection.scan({ vectors: "omit", batchRows: 5000 })) for (const { id } of rows) seen.add(id);
    assert.equal(seen.size, total);
  });
});

/** Writes until it is durable, as long as the error says that the service is away. */
async function persist(collection: Collection, ids: readonly string[], away: string[]): Promise<void> {
  for (;;) {
    try {
      assert.deepEqual(await collection.upsert(rowsOf(ids, { dimension: 256 }), calm), []);
      return;
    } catch (error) {
      assert.ok(HeadraceError.is(error) && error.scope === "service" && error.retryable, `not a service's error: ${error}`);
      away.push(error.code);
      await delay(300);
    }
  }
}
