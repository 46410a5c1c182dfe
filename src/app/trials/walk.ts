/** Walks one setting at a time, as long as the speed rises. */

/** Values of settings, by the settings' names. */
export type Point = Readonly<Record<string, number>>;

/** A setting, and the values that may be tried, in ascending order. */
export interface Ladder {
  readonly setting: string;
  /** The stage whose speed the setting changes. */
  readonly stage: string;
  readonly values: readonly number[];
}

export interface Measurement {
  readonly point: Point;
  readonly imagesPerSecond: number;
  /** The limiting stage. null: unknown. */
  readonly limit: string | null;
}

export interface WalkOptions<M extends Measurement> {
  readonly start: Point;
  readonly ladders: readonly Ladder[];
  readonly maxMeasurements: number;
  readonly measure: (point: Point) => Promise<M>;
}

/** A step must raise the speed by this factor. Smaller gains are noise, and would cost memory for nothing. */
const minGain = 1.02;

/**
 * Returns all measurements in order, and the best. Raises the settings of the limiting stage first. Then tries each setting upwards, and
 * once downwards, unless a stage is the limit: what did not help at first rarely helps later. Ends when nothing helps.
 */
export async function walkToKnee<M extends Measurement>(
  options: WalkOptions<M>,
): Promise<{ readonly best: M; readonly tried: readonly M[] }> {
  const { start, ladders, maxMeasurements, measure } = options;
  const seen = new Set<string>([keyOf(start)]);
  let best = await measure(start);
  const tried = [best];
  /** Measures the next point. null: there is none that is new. */
  const step = async (
    from: Point,
    ladder: Ladder,
    direction: 1 | -1,
  ): Promise<{ readonly found: M; readonly isFaster: boolean } | null> => {
    const point = neighbour(from, ladder, direction);
    if (point === null || seen.has(keyOf(point)) || tried.length >= maxMeasurements) return null;
    seen.add(keyOf(point));
    const found = await measure(point);
    tried.push(found);
    const isFaster = found.imagesPerSecond >= minGain * best.imagesPerSecond;
    if (isFaster) best = found;
    return { found, isFaster };
  };
  /** If a stage is the limit, fewer workers cannot help: they only help where workers compete for processors. */
  const mayLower = () => !ladders.some(({ stage }) => stage === best.limit);
  /** Two stages may be nearly equally slow. A step that only makes the other one the limit is followed by a step for the other one. */
  const raiseLimit = async (): Promise<boolean> => {
    let from: M = best;
    for (let steps = 0; steps < ladders.length; steps += 1) {
      const ladder = ladders.find(({ stage }) => stage === from.limit);
      const next = ladder === undefined ? null : await step(from.point, ladder, 1);
      if (next === null) return false;
      if (next.isFaster) return true;
      if (next.found.limit === from.limit) return false;
      from = next.found;
    }
    return false;
  };
  const lowered = new Set<Ladder>();
  for (let isFaster = true; isFaster; ) {
    isFaster = false;
    while (await raiseLimit()) isFaster = true;
    for (const ladder of ladders) {
      while ((await step(best.point, ladder, 1))?.isFaster === true) isFaster = true;
      if (lowered.has(ladder) || !mayLower()) continue;
      while ((await step(best.point, ladder, -1))?.isFaster === true) isFaster = true;
      lowered.add(ladder);
    }
  }
  return { best, tried };
}

/** The next value above or below the present one, which need not be on the ladder. null: there is none. */
function neighbour(point: Point, { setting, values }: Ladder, direction: 1 | -1): Point | null {
  const now = point[setting]!;
  const next = direction === 1 ? values.find((value) => value > now) : values.findLast((value) => value < now);
  return next === undefined ? null : { ...point, [setting]: next };
}

function keyOf(point: Point): string {
  return JSON.stringify(Object.entries(point).sort(([a], [b]) => (a < b ? -1 : 1)));
}
