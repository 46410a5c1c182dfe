/** Both schedules of the whole command in turn, on a real Triton and a real Milvus: what overlapping gains. */
import { alternate, atLeast, type BenchSection, type Figure, median, plain, spread } from "./harness.js";
import { dimension, type Gpu, photos, type ServedRun, type Servers, startServers } from "./served-run.js";

const rounds = 2;
/** 800 and 235 images/s at most. */
const gpus = { fast: { baseMs: 8, rowMs: 1 }, slow: { baseMs: 8, rowMs: 4 } } as const satisfies Record<string, Gpu>;
/** Searched exactly, so that no index is built at the end of either. */
const settings = ["milvus.index_type=FLAT"];

interface Setting {
  readonly what: string;
  readonly gpu: keyof typeof gpus;
  readonly storeDelayMs: number;
}

const runSettings: readonly Setting[] = [
  { what: "8 ms + 1 ms a row", gpu: "fast", storeDelayMs: 0 },
  { what: "8 ms + 4 ms a row", gpu: "slow", storeDelayMs: 0 },
  { what: "8 ms + 4 ms a row, 50 ms more for each call of the store", gpu: "slow", storeDelayMs: 50 },
];

export async function syncAsync(): Promise<BenchSection> {
  const servers = await startServers(gpus);
  try {
    const figures: Figure[] = [];
    for (const setting of runSettings) figures.push(...(await compare(servers, setting)));
    return {
      name: "sync-async",
      title: `Overlapped against sequential: sharp → Triton → Milvus (${dimension}-d, exact search), ${photos} VGA photos, whole processes, config/servers.yaml`,
      command: "npm run bench -- sync-async",
      figures,
    };
  } finally {
    await servers.stop();
  }
}

async function compare(servers: Servers, { what, gpu, storeDelayMs }: Setting): Promise<readonly Figure[]> {
  const runs: Record<"async" | "sync", ServedRun[]> = { async: [], sync: [] };
  const variant = (pipeline: "async" | "sync") => async (): Promise<number> => {
    const run = await servers.run({ pipeline, gpu, storeDelayMs, settings });
    runs[pipeline].push(run);
    return run.document.imagesPerSecond;
  };
  const speed = await alternate({ sync: variant("sync"), async: variant("async") }, rounds);
  const of = (pipeline: "async" | "sync", pick: (run: ServedRun) => number) => runs[pipeline].map(pick);
  const both = (pick: (run: ServedRun) => number, digits: number) =>
    `${spread(of("async", pick), digits)}, ${spread(of("sync", pick), digits)}`;
  const wall = (pipeline: "async" | "sync") => median(of(pipeline, ({ wallMs }) => wallMs));
  return [
    atLeast(`${what}: async ÷ sync, images/s`, median(speed.async) / median(speed.sync), 1.4, 2),
    plain(`${what}: images/s, async, sync`, `${spread(speed.async, 0)}, ${spread(speed.sync, 0)}`),
    plain(
      `${what}: whole process with start and end, s, async, sync`,
      both(({ wallMs }) => wallMs / 1000, 1),
    ),
    plain(`${what}: the same as a ratio, sync ÷ async`, (wall("sync") / wall("async")).toFixed(2)),
    plain(
      `${what}: GPU busy from its first to its last batch, %, async, sync`,
      both(({ gpuBusyShare }) => gpuBusyShare * 100, 1),
    ),
    plain(
      `${what}: peak memory, MB, async, sync`,
      both(({ document }) => document.peakRssBytes / 1e6, 0),
    ),
    plain(`${what}: from start to the first batch, and from the last batch to the end, async, ms`, edges(runs.async)),
    plain(`${what}: stages busy / starved, async`, stagesText(runs.async)),
    plain(`${what}: stages busy / starved, sync`, stagesText(runs.sync)),
  ];
}

function edges(runs: readonly ServedRun[]): string {
  return `${spread(
    runs.map(({ beforeGpuMs }) => beforeGpuMs),
    0,
  )}, ${spread(
    runs.map(({ afterGpuMs }) => afterGpuMs),
    0,
  )}`;
}

function stagesText(runs: readonly ServedRun[]): string {
  const stages = runs.at(-1)?.document.stages ?? [];
  return stages.map(({ name, busyShare, starvedShare }) => `${name} ${percent(busyShare)} / ${percent(starvedShare)}`).join(", ");
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
