/**
 * Kills calls at random moments, with every kind of source and both stores. The same call then completes the work: stored keys and dead
 * letters together are the source, and nothing is there twice. `npm run kills`; HEADRACE_KILLS and HEADRACE_TEST_SEED repeat a run.
 * HEADRACE_KILLS_STORE=lancedb needs no Milvus.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { installMilvus, type MilvusServer, startMilvus } from "../support/services/milvus.js";
import { skipUnless } from "../support/services/required.js";
import type { KilledCall } from "./killed-call.js";
import { PhotoSource, photoName, type SourceKind } from "./photo-source.js";
import { type Moment, runCall } from "./shoot.js";

const kills = Number(process.env.HEADRACE_KILLS ?? 160);
const seed = Number(process.env.HEADRACE_TEST_SEED ?? Date.now() % 1_000_000);
const [good, damaged, changed] = [64, 8, 8];

const onlyLancedb = process.env.HEADRACE_KILLS_STORE === "lancedb";
const skip = onlyLancedb ? false : await skipUnless("Milvus", installMilvus);
const verbs = ["ingest", "sync", "retry"] as const;
const kinds: readonly SourceKind[] = ["folder", "glob", "manifest", "csv", "tar", "urls"];
const stores = (["lancedb", "milvus"] as const).filter((store) => store === "lancedb" || !onlyLancedb);
const scenarios = verbs.flatMap((verb) => kinds.flatMap((kind) => stores.map((store) => ({ verb, kind, store }))));

describe(`${kills} kills (seed ${seed})`, { skip, concurrency: false }, () => {
  if (skip !== false) return;
  let server: MilvusServer | undefined;
  let hitInTheMiddle = 0;
  let images = 0;
  before(async () => {
    if (!onlyLancedb) server = await startMilvus();
  });
  after(() => server?.stop());

  for (let kill = 0; kill < kills; kill++) {
    const scenario = scenarios[kill % scenarios.length]!;
    test(`${kill}: ${scenario.verb} of a ${scenario.kind} into ${scenario.store}`, async () => {
      const base = join(tmpdir(), `headrace-kills-${process.pid}-${kill}`);
      const source = await PhotoSource.make(base, scenario.kind, { good, damaged });
      const call = callOf(scenario, source, `kills_${process.pid}_${kill}`);
      try {
        await prepare(call, source);
        const shot = await runCall(call, momentOf(kill, scenario.verb));
        if (shot.end === null && shot.images > 0) hitInTheMiddle += 1;
        images += shot.images;
        const again = await runCall(call);
        images += again.images;
        assert.equal(again.end?.ended, "completed");
        assert.deepEqual(await storedNames(call), source.named("good"));
        assert.deepEqual(await deadNames(again.end?.deadLetterPath ?? ""), source.named("damaged"));
      } finally {
        await dropped(call);
        await source.remove();
      }
    });
  }

  test("hit what they should: a third of them in the middle, and at least 1,000 images", () => {
    assert.ok(images >= Math.min(1_000, kills * 10), `${images} images`);
    assert.ok(hitInTheMiddle >= kills / 3, `${hitInTheMiddle} of ${kills} kills hit a call that had begun and not ended`);
  });

  function callOf({ verb, store }: (typeof scenarios)[number], source: PhotoSource, collectionName: string): KilledCall {
    const [host = "", port = ""] = (server?.address ?? "").split(":");
    const config = {
      lancedb: { path: join(source.base, "data") },
      asyncPipeline: { insertBatchSize: 10 },
      ...(store === "milvus" ? { milvus: { host, port: Number(port), indexType: "FLAT" as const } } : {}),
    };
    return { verb, source: source.request, collectionName, config };
  }
});

/** Brings collection, dead letters and source into the state that the call then works on. */
async function prepare(call: KilledCall, source: PhotoSource): Promise<void> {
  if (call.verb === "ingest") return;
  await runCall({ ...call, verb: "ingest" });
  if (call.verb === "retry") await source.heal();
  else await source.change(changed);
}

/** Anywhere between the start and the end of a call, upkeep and pruning included. */
function momentOf(kill: number, verb: KilledCall["verb"]): Moment {
  const total = verb === "retry" ? damaged : good + damaged;
  const phase = random(seed + kill);
  if (phase < 0.1) return { afterImages: 0, afterMs: 200 + random(seed - kill) * 600 };
  if (phase > 0.75) return { afterImages: total, afterMs: random(seed - kill) * 150 };
  return { afterImages: 1 + Math.floor(((phase - 0.1) / 0.65) * (total - 1)), afterMs: random(seed - kill) * 20 };
}

async function storedNames({ config, collectionName }: KilledCall): Promise<readonly string[]> {
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(config), { parts: "lazy" });
  const names: string[] = [];
  for await (const rows of pipeline.scan(collectionName, { vectors: "omit" })) {
    names.push(...rows.map(({ facts }) => photoName(facts.source)));
  }
  return names.sort();
}

async function dropped({ config, collectionName }: KilledCall): Promise<void> {
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(config), { parts: "lazy" });
  await pipeline.dropCollection(collectionName);
}

async function deadNames(path: string): Promise<readonly string[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => photoName((JSON.parse(line) as { readonly source: string }).source)).sort();
}

function random(value: number): number {
  const x = Math.sin(value * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}
