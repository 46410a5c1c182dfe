/**
 * `npm run bench -- [name …]`: measures, one after the other. `npm run bench -- compare REF NAME [ROUNDS]`: measures one in turn in a checkout of
 * REF and here, and writes nothing.
 */
import { compare, comparisonTable } from "./compare.js";
import { type BenchSection, report } from "./harness.js";
import { otherWork, otherWorkBetween, processorTicks } from "./other-work.js";

const benches: Readonly<Record<string, () => Promise<BenchSection>>> = {
  engine: async () => (await import("./engine-speed.bench.js")).engineSpeed(),
  memory: async () => (await import("./memory.bench.js")).memorySlope(),
  embedded: async () => (await import("./embedded.bench.js")).embeddedDefault(),
  int8: async () => (await import("./int8.bench.js")).int8Graph(),
  "int8-labelled": async () => (await import("./labelled.bench.js")).int8Labelled(),
  milvus: async () => (await import("./milvus.bench.js")).milvusRows(),
  "milvus-search": async () => (await import("./milvus-search.bench.js")).milvusSearch(),
  "milvus-copies": async () => (await import("./milvus-copies.bench.js")).copiesInMilvus(),
  "sync-async": async () => (await import("./sync-async.bench.js")).syncAsync(),
  "slow-store": async () => (await import("./slow-store.bench.js")).slowStore(),
  "one-by-one": async () => (await import("./one-by-one.bench.js")).oneByOne(),
  known: async () => (await import("./known.bench.js")).secondRun(),
  prune: async () => (await import("./prune.bench.js")).pruning(),
  "text-memory": async () => (await import("./text-memory.bench.js")).textBesideImages(),
  "large-look-ups": async () => (await import("./large-look-ups.bench.js")).largeLookUps(),
  listing: async () => (await import("./listing.bench.js")).millionNames(),
  urls: async () => (await import("./urls.bench.js")).urlsAndFiles(),
  million: async () => (await import("./million.bench.js")).millionRows(),
  "million-killed": async () => (await import("./million.bench.js")).millionKilled(),
  "million-calls": async () => (await import("./million-calls.bench.js")).millionCalls(),
  copies: async () => (await import("./copies.bench.js")).copiesOfOnePicture(),
  preprocess: async () => (await import("./preprocess.bench.js")).preprocessing(),
  recall: async () => (await import("./recall-index.bench.js")).recallOfIndex(),
  triton: async () => (await import("./triton.bench.js")).tritonTransports(),
  "triton-busy": async () => (await import("./triton-busy.bench.js")).tritonBusy(),
  "serve-like": async () => (await import("./serve-like.bench.js")).serveLike(),
  neighbours: async () => (await import("./neighbours.bench.js")).searchesBesideNeighbours(),
  gathering: async () => (await import("./gathering.bench.js")).gathering(),
  verdict: async () => (await import("./verdict.bench.js")).verdicts(),
  "large-machine": async () => (await import("./large-machine.bench.js")).largeMachine(),
  "main-thread": async () => (await import("./main-thread.bench.js")).mainThread(),
  "main-thread-served": async () => (await import("./main-thread.bench.js")).mainThreadServed(),
  "by-hand": async () => (await import("./by-hand.bench.js")).byHand(),
  tune: async () => (await import("./tune.bench.js")).tuneAgainstGrid(),
  schedules: async () => (await import("./schedules.bench.js")).schedules(),
  "side-by-side": async () => (await import("./side-by-side.bench.js")).sideBySide(),
  fleet: async () => (await import("./fleet.bench.js")).fleet(),
  "fleet-simulation": async () => (await import("./fleet-simulation.bench.js")).fleetSimulation(),
  distribute: async () => (await import("./distribute.bench.js")).distributeMillions(),
  reembed: async () => (await import("./reembed.bench.js")).reembedding(),
  start: async () => (await import("./start.bench.js")).startUp(),
};

const [first, ...others] = process.argv.slice(2);
if (first === "compare") compareTwo(others);
else await measure(first === undefined ? Object.keys(benches) : [first, ...others]);

async function measure(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const bench = benches[name];
    if (bench === undefined) {
      refuse(`No benchmark "${name}"; there are: ${Object.keys(benches).join(", ")}`);
      return;
    }
    const before = await otherWork();
    const started = processorTicks();
    const section = await bench();
    const during = otherWorkBetween(started, processorTicks());
    await report(section, before ?? during ?? (await otherWork()));
  }
}

function compareTwo([ref, name, rounds]: readonly string[]): void {
  if (ref === undefined || name === undefined) {
    refuse("usage: npm run bench -- compare REF NAME [ROUNDS]");
    return;
  }
  const compared = compare(ref, name, rounds === undefined ? {} : { rounds: Number(rounds) });
  process.stdout.write(comparisonTable(ref, compared));
}

function refuse(text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = 2;
}
