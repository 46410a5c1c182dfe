/**
 * Kills calls at named points and at random moments, with every kind of source and both stores. The same call then completes the work:
 * stored keys and dead letters together are the source, and nothing is there twice. `npm run kills`; HEADRACE_KILLS and HEADRACE_TEST_SEED
 * repeat a run. HEADRACE_KILLS_STORE=lancedb needs no Milvus; =milvus uses only it. HEADRACE_KILLS_SOURCE="remote tar" uses only one kind of source.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { pairwise } from "../support/pairwise.js";
import { installMilvus, type MilvusServer, startMilvus } from "../support/services/milvus.js";
import { skipUnless } from "../support/services/required.js";
import { type Call, fakeParts, makeCall, verbs } from "./call.js";
import { PhotoSource, photoName, sourceKinds } from "./photo-source.js";
import { type Moment, shoot } from "./shoot.js";

const kills = Number(process.env.HEADRACE_KILLS ?? 160);
const seed = Number(process.env.HEADRACE_TEST_SEED ?? Date.now() % 1_000_000);
const [good, damaged, changed] = [64, 8, 8];

const stores = (["lancedb", "milvus"] as const).filter((store) => (process.env.HEADRACE_KILLS_STORE ?? store) === store);
const kinds = sourceKinds.filter((kind) => (process.env.HEADRACE_KILLS_SOURCE ?? kind) === kind);
const skip = stores.includes("milvus") ? await skipUnless("Milvus", installMilvus) : false;

const runPoints = [
  "before decode",
  "after decode",
  "after inference",
  "before upsert",
  "after upsert",
  "after a failure",
  "during upkeep",
] as const;
const endPoints = ["before the dead letters change", "after the dead letters change"] as const;
const points = {
  ingest: runPoints,
  sync: [...runPoints, ...endPoints, "before delete", "after delete"],
  retry: [...runPoints, ...endPoints],
} as const;

const combinations = verbs.flatMap((verb) =>
  kinds.flatMap((kind) =>
    stores.flatMap((store) => [...points[verb], "a random moment" as const].map((point) => ({ verb, kind, store, point }))),
  ),
);
type Scenario = (typeof combinations)[number];

describe(`${kills} kills (seed ${seed})`, { skip, concurrency: false }, () => {
  if (skip !== false) return;
  let server: MilvusServer | undefined;
  let hitInTheMiddle = 0;
  let images = 0;
  before(async () => {
    if (stores.includes("milvus")) server = await startMilvus();
  });
  after(() => server?.stop());

  for (const [kill, scenario] of scenarios().entries()) {
    test(`${kill}: ${scenario.verb} of a ${scenario.kind} into ${scenario.store}, killed at ${scenario.point}`, async () => {
      const base = join(tmpdir(), `headrace-kills-${process.pid}-${kill}`);
      const source = await PhotoSource.make(base, scenario.kind, { good, damaged });
      const call = callOf(scenario, source, `kills_${process.pid}_${kill}`);
      try {
        await prepare(call, source);
        const isRandom = scenario.point === "a random moment";
        const nth = nthOf(scenario, kill);
        const shot = await shoot({ ...call, point: scenario.point, nth }, isRandom ? momentOf(kill, scenario.verb) : "itself");
        assert.ok(shot.wasKilled || isRandom, "the named point was reached");
        if (shot.wasKilled && (shot.images > 0 || !isRandom)) hitInTheMiddle += 1;
        const again = await makeCall(call);
        images += shot.images + again.images;
        assert.equal(again.ended, "completed");
        assert.deepEqual(await storedNames(call), source.named("good"));
        assert.deepEqual(await deadNames(again.deadLetterPath), source.named("damaged"));
      } finally {
        await dropped(call);
        await source.remove();
      }
    });
  }

  test("hit what they should: two thirds of them in the middle, and at least 1,000 images", (context) => {
    context.diagnostic(`seed ${seed}: ${hitInTheMiddle} of ${kills} kills in the middle, ${images} images`);
    assert.ok(images >= Math.min(1_000, kills * 10), `${images} images`);
    assert.ok(hitInTheMiddle >= (kills * 2) / 3, `${hitInTheMiddle} of ${kills} kills hit a call that had begun and not ended`);
  });

  function callOf({ verb, store }: Scenario, source: PhotoSource, collectionName: string): Call {
    const [host = "", port = ""] = (server?.address ?? "").split(":");
    const config = {
      lancedb: { path: join(source.base, "data") },
      asyncPipeline: { insertBatchSize: 10 },
      ...(store === "milvus" ? { milvus: { host, port: Number(port), indexType: "FLAT" as const } } : {}),
    };
    return { verb, source: source.request, collectionName, config };
  }
});

/** Each two properties meet at least once; the other kills are at random moments. */
function scenarios(): readonly Scenario[] {
  const pairs = pairwise(combinations);
  const anyMoment = combinations.filter(({ point }) => point === "a random moment");
  const more = Array.from({ length: Math.max(0, kills - pairs.length) }, (_, index) => anyMoment[(index * 7) % anyMoment.length]!);
  return [...pairs, ...more].slice(0, kills);
}

/** Brings collection, dead letters and source into the state that the call then works on. */
async function prepare(call: Call, source: PhotoSource): Promise<void> {
  if (call.verb === "ingest") return;
  await makeCall({ ...call, verb: "ingest" });
  if (call.verb === "retry") await source.heal(damaged / 2);
  else await source.change(changed);
}

/** How often the call passes the point before it is killed there. */
function nthOf({ verb, point }: Scenario, kill: number): number {
  const most =
    verb !== "ingest" ? 1 : point.includes("decode") ? good : point.includes("upsert") ? 5 : point.includes("failure") ? damaged : 1;
  return 1 + Math.floor(random(seed + kill) * most);
}

/** Anywhere between the start and the end of a call, upkeep and pruning included. */
function momentOf(kill: number, verb: Call["verb"]): Moment {
  const total = verb === "retry" ? damaged : good + damaged;
  const phase = random(seed + kill);
  if (phase < 0.1) return { afterImages: 0, afterMs: 200 + random(seed - kill) * 600 };
  if (phase > 0.75) return { afterImages: total, afterMs: random(seed - kill) * 150 };
  return { afterImages: 1 + Math.floor(((phase - 0.1) / 0.65) * (total - 1)), afterMs: random(seed - kill) * 20 };
}

async function storedNames({ config, collectionName }: Call): Promise<readonly string[]> {
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(config), { parts: "lazy", own: fakeParts() });
  const names: string[] = [];
  for await (const rows of pipeline.scan(collectionName, { vectors: "omit" })) {
    names.push(...rows.map(({ facts }) => photoName(facts.source)));
  }
  return names.sort();
}

async function dropped({ config, collectionName }: Call): Promise<void> {
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
