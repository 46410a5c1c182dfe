/** A history: a seed, the steps that follow from it, and what came of them. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changes } from "./changes.js";
import { Clock, type ClockKind } from "./clock.js";
import type { Violation } from "./judge.js";
import { drawPictures } from "./pictures.js";
import { Player } from "./player.js";
import { Choices, type Step, stepsOf } from "./random.js";
import { Shop, type StoreKind } from "./shop.js";
import { verbs } from "./verbs.js";
import { World } from "./world.js";

export interface Played {
  /** What happened, a line for each step that made sense. */
  readonly lines: readonly string[];
  readonly violations: readonly Violation[];
  /** How often each kind of thing was done. */
  readonly done: ReadonlyMap<string, number>;
}

/** What a history is played with. */
export interface Setting {
  readonly store: StoreKind;
  readonly clock: ClockKind;
}

/** Which rule was breached, by which step and how; null if none was. Two histories with the same answer have found the same defect. */
export function breachOf({ lines, violations }: Played): string | null {
  const [first] = violations;
  const [step = ""] = /^[a-z]+( --[a-z]+)?/.exec(lines.at(-1) ?? "") ?? [];
  return first === undefined
    ? null
    : [
        first.breach,
        step,
        /meanwhile: [a-z]+/.exec(lines.at(-1) ?? "")?.[0] ?? "",
        first.why.split("\n", 1)[0]!.replace(/-\d+|[\w/]+\.jpg/g, ""),
      ].join(": ");
}

type StepKind = keyof typeof changes | keyof typeof verbs;
type Weights = Partial<Record<StepKind, number>>;

const beginning: Weights = { create: 12, copy: 2, pack: 2, addLine: 5, tag: 2, ingest: 2, sync: 2 };
const middle: Weights = {
  ...{ create: 3, copy: 2, change: 3, rename: 7, remove: 4, toFolder: 1, unmount: 3, mount: 3, pack: 2, cut: 3, removeTar: 1 },
  ...{ addLine: 3, dropLine: 3, editLine: 2, appear: 2 },
  ...{
    ingest: 4,
    sync: 3,
    prune: 9,
    pruneFolder: 5,
    disturbedPrune: 5,
    verify: 4,
    retry: 3,
    dedupe: 1,
    delete: 1,
    restore: 4,
    tag: 4,
    destroy: 2,
  },
};

/**
 * Every fourth history is that of a LanceDB table, whose calls are also killed, and one in a hundred is made with the command line. Half of
 * them have a clock that is ahead.
 */
export function settingOf(seed: number): Setting {
  if (seed % 100 === 50) return { store: "command", clock: "real" };
  return { store: seed % 4 === 0 ? "lancedb" : "memory", clock: seed % 8 < 4 ? "ahead" : "real" };
}

export function historyOf(seed: number): readonly Step[] {
  const kills: Weights = settingOf(seed).store === "memory" ? {} : { kill: 4, killedRestore: 1 };
  return stepsOf(seed, [
    { steps: 10, weights: beginning },
    { steps: 30, weights: { ...middle, ...kills } },
  ]);
}

/** Plays steps until one of them breaches a rule. */
export async function play(steps: readonly Step[], { store, clock: clockKind }: Setting): Promise<Played> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "headrace-history-")));
  using clock = new Clock(clockKind);
  const shop = await Shop.open(store, join(folder, "data"));
  try {
    const player = new Player({ shop, clock, world: new World(join(folder, "files")), pictures: await drawPictures() });
    const lines: string[] = [];
    for (const step of steps) {
      const line = await made(player, step).catch((error: unknown) => {
        player.violations.push({ breach: "a call failed", key: step.kind, why: (error as Error).stack ?? String(error) });
        return step.kind;
      });
      if (line === null) continue;
      player.count(step.kind);
      lines.push(line);
      if (player.violations.length > 0) break;
    }
    return { lines, violations: player.violations, done: player.done };
  } finally {
    await shop[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}

async function made(player: Player, { kind, numbers }: Step): Promise<string | null> {
  const choices = new Choices(numbers);
  const { world, pictures } = player;
  if (Object.hasOwn(changes, kind)) return changes[kind as keyof typeof changes](world, choices, pictures);
  return verbs[kind as keyof typeof verbs](player, choices);
}
