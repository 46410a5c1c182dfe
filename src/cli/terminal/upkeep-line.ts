/** The progress of maintenance as one line for people, such as "building the index on vector: 62 %". */
import type { UpkeepProgress } from "../../contracts/index.js";
import { counted } from "./printable-text.js";
import { duration } from "./progress-line.js";

export class UpkeepLine {
  #progress: UpkeepProgress | null = null;
  #stepBeganMs = 0;

  /** `nowMs`: reads a clock that never goes back. */
  constructor(readonly nowMs: () => number = () => performance.now()) {}

  /** Called for each progress that the store reports. */
  see(progress: UpkeepProgress): void {
    if (progress.step !== this.#progress?.step) this.#stepBeganMs = this.nowMs();
    this.#progress = progress;
  }

  /** Returns the line, or null while no step has begun. If the store measures no share, the line shows the time since the step began. */
  render(): string | null {
    if (this.#progress === null) return null;
    const { step, share, rows } = this.#progress;
    const what = rows === null ? step : `${step}, ${counted(rows, "row")}`;
    return `${what}: ${share === null ? duration(this.nowMs() - this.#stepBeganMs) : `${Math.floor(share * 100)} %`}`;
  }
}
