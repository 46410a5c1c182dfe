/** What an item costs in memory once it has gone: the slope over many items, with a fake embedder and store. */
import { atMost, type BenchSection, median, plain } from "./harness.js";
import { measureScriptUnder } from "./processes.js";

interface Held {
  readonly stored: number;
  readonly heldBytes: number;
  readonly peakBytes: number;
  readonly elapsedMs: number;
}

const rounds = 3;

/** V8 enlarges its young generation in the first second of a busy process, whatever the items leave behind: here it starts at its full size. */
const warm = ["--min-semi-space-size=16", "--max-semi-space-size=16"] as const;

export async function memorySlope(): Promise<BenchSection> {
  const short = await slope(4_000, 40_000, warm);
  const long = await slope(40_000, 1_000_000, warm);
  const cold = await slope(4_000, 40_000, []);
  return {
    name: "memory",
    title: "Memory that an item leaves behind, fake embedder and store, through `insertImagesAsync` from an async generator",
    command: "npm run bench -- memory",
    figures: [
      atMost("4,000 → 40,000 items: held after garbage collection, bytes an item", short.held, 200, 1),
      atMost("4,000 → 40,000 items: peak resident memory, bytes an item", short.peak, 200, 1),
      atMost("40,000 → 1,000,000 items: held after garbage collection, bytes an item", long.held, 200, 1),
      atMost("40,000 → 1,000,000 items: peak resident memory, bytes an item", long.peak, 200, 1),
      plain(
        "4,000 → 40,000 items in a process whose young generation grows meanwhile: peak resident memory, bytes an item",
        cold.peak.toFixed(1),
      ),
      plain("1,000,000 items: stored, and items/s", `${long.stored}, ${Math.round(long.perSecond)}`),
    ],
  };
}

async function slope(
  few: number,
  many: number,
  flags: readonly string[],
): Promise<{ held: number; peak: number; stored: number; perSecond: number }> {
  const measured: { held: number; peak: number; stored: number; perSecond: number }[] = [];
  for (let round = 0; round < (many > 100_000 ? 1 : rounds); round += 1) {
    const run = (items: number): Promise<Held> => measureScriptUnder<Held>(flags, "memory-run", String(items));
    const [a, b] = [await run(few), await run(many)];
    if (b.stored !== many) throw new Error(`${b.stored} of ${many} items were stored`);
    measured.push({
      held: (b.heldBytes - a.heldBytes) / (many - few),
      peak: (b.peakBytes - a.peakBytes) / (many - few),
      stored: b.stored,
      perSecond: many / (b.elapsedMs / 1000),
    });
  }
  const middle = (of: (one: (typeof measured)[number]) => number): number => median(measured.map(of));
  return {
    held: middle(({ held }) => held),
    peak: middle(({ peak }) => peak),
    stored: measured[0]?.stored ?? 0,
    perSecond: middle((one) => one.perSecond),
  };
}
