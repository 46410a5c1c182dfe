/** Watches during a run what the run shares with other programs: the processors of this machine, and the servers of the model. */
import { availableParallelism, cpus } from "node:os";
import type { Embedder, ServerUse } from "../../contracts/index.js";
import { type LoadRecord, type Resources, type ServerLoad, serverLoad, withReading } from "../../insight/index.js";

const readEveryMs = 500;
const readTimeoutMs = 1_000;
/** The present load of the servers is that of the last readings. */
const recentReadings = 10;

export class ResourceWatch {
  readonly #embedder: () => Embedder | null;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #cpuTimes: () => CpuTimes;
  readonly #cpuBefore: CpuTimes;
  #record: LoadRecord | null = null;
  #recent: readonly ServerUse[] = [];
  #reading: Promise<void> | null = null;

  /**
   * `embedder`: returns null while the embedder is not open. `cpu`: whose use of the processors counts. "machine": that of all processes, for
   * a run whose servers may be on this machine. Call `stop` at the end of the run.
   */
  constructor(embedder: () => Embedder | null, cpu: "process" | "machine") {
    this.#embedder = embedder;
    this.#cpuTimes = cpu === "process" ? processTimes : machineTimes;
    this.#cpuBefore = this.#cpuTimes();
    void this.#begin();
    this.#timer = setInterval(() => void this.#begin(), readEveryMs);
    this.#timer.unref();
  }

  /** The load of the servers in the last seconds. */
  get recentServerLoad(): ServerLoad | null {
    return serverLoad(this.#recent.reduce<LoadRecord | null>(withReading, null));
  }

  /** Ends the watch, and returns what was used since its beginning. */
  async stop(how: "at once" | "after a last reading"): Promise<Resources> {
    clearInterval(this.#timer);
    const { cores, cpuShare } = this.resources;
    if (how === "after a last reading") {
      await this.#reading;
      await this.#begin();
    }
    return { cores, cpuShare, server: serverLoad(this.#record) };
  }

  /** What was used since the beginning, so far. */
  get resources(): Resources {
    const cpu = this.#cpuTimes();
    const totalMs = cpu.totalMs - this.#cpuBefore.totalMs;
    return {
      cores: availableParallelism(),
      cpuShare: totalMs > 0 ? (cpu.busyMs - this.#cpuBefore.busyMs) / totalMs : null,
      server: serverLoad(this.#record),
    };
  }

  /** Begins a reading, unless the last one is still waiting for its server. */
  #begin(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** A server that does not answer is not an error here: the run itself finds out. */
  async #read(): Promise<void> {
    const reading = await this.#embedder()
      ?.serverUse?.(AbortSignal.timeout(readTimeoutMs))
      .catch(() => null);
    if (reading === null || reading === undefined) return;
    this.#record = withReading(this.#record, reading);
    this.#recent = [...this.#recent.slice(1 - recentReadings), reading];
  }
}

interface CpuTimes {
  readonly busyMs: number;
  /** The time of all cores. */
  readonly totalMs: number;
}

function processTimes(): CpuTimes {
  const { user, system } = process.cpuUsage();
  return { busyMs: (user + system) / 1000, totalMs: performance.now() * availableParallelism() };
}

function machineTimes(): CpuTimes {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const times = cpus().map((cpu) => cpu.times);
  const totalMs = sum(times.map((each) => sum(Object.values(each))));
  return { busyMs: totalMs - sum(times.map(({ idle }) => idle)), totalMs };
}
