/**
 * Shows the progress of a run: one live line on a terminal, otherwise a line every 30 seconds. Shows the progress of maintenance only on a
 * terminal.
 */
import type { ServerLoad } from "../../app/index.js";
import type { RunEvent, RunReport, RunSnapshot, UpkeepProgress } from "../../contracts/index.js";
import { ProgressLine } from "./progress-line.js";
import type { Terminal } from "./terminal.js";
import { UpkeepLine } from "./upkeep-line.js";

interface RunInProgress<R extends RunReport> {
  snapshot(): RunSnapshot;
  readonly done: Promise<R>;
}

export interface ProgressOptions {
  /** The plural noun for the items that are counted. */
  readonly unit: "images" | "rows";
  /** Returns the total number of items; null when it is unknown. `stop` fires when the run is done. */
  readonly count: (stop: AbortSignal) => Promise<number | null>;
  /** How busy the servers of the model are; null when there are none, or when they do not tell. Default: null. */
  readonly serverLoad?: () => ServerLoad | null;
  /** The maintenance after the last row. */
  readonly upkeep: UpkeepLine;
}

const liveEveryMs = 200;
const logEveryMs = 30_000;

export async function showProgressUntilDone<R extends RunReport>(
  run: RunInProgress<R>,
  terminal: Terminal,
  { unit, count, upkeep, serverLoad = () => null }: ProgressOptions,
): Promise<R> {
  if (terminal.options.quiet === true) return run.done;
  const counting = new AbortController();
  const progress = new ProgressLine(unit);
  let total: number | null = null;
  const counted = count(counting.signal).then((found) => {
    total = found;
  });
  const show = (): void => {
    const maintenance = upkeep.render();
    if (maintenance !== null) {
      showUpkeep(terminal, maintenance);
      return;
    }
    const text = progress.render(run.snapshot(), {
      total,
      server: serverLoad(),
      width: terminal.isLive ? terminal.width : Number.POSITIVE_INFINITY,
    });
    if (terminal.isLive) terminal.line(text);
    else terminal.note(text);
  };
  const timer = setInterval(show, terminal.isLive ? liveEveryMs : logEveryMs);
  try {
    return await run.done;
  } finally {
    clearInterval(timer);
    counting.abort();
    terminal.clear();
    await counted;
  }
}

/** Shows the progress of maintenance until `work` is done. */
export async function showUpkeepUntilDone<T>(
  terminal: Terminal,
  work: (onProgress: (progress: UpkeepProgress) => void) => Promise<T>,
): Promise<T> {
  const line = new UpkeepLine();
  const timer = setInterval(() => {
    const text = line.render();
    if (text !== null) showUpkeep(terminal, text);
  }, liveEveryMs);
  try {
    return await work((progress) => line.see(progress));
  } finally {
    clearInterval(timer);
    terminal.clear();
  }
}

function showUpkeep(terminal: Terminal, text: string): void {
  if (terminal.isLive) terminal.line(text);
}

/** Prints the events that a user should know of during a run, and passes the progress of maintenance to its line. */
export function noteEvent(terminal: Terminal, event: RunEvent, upkeep: UpkeepLine): void {
  if (event.kind === "upkeep") upkeep.see(event.progress);
  if (event.kind === "notice") terminal.note(event.message);
  if (event.kind === "outage-started") terminal.note(`${event.stage} waits: [${event.error.code}] ${event.error.message}`);
  if (event.kind === "outage-ended") terminal.note(`${event.stage} continues after ${Math.round(event.elapsedMs / 100) / 10} s.`);
}
