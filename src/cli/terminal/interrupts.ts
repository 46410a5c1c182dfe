/** Handles Ctrl-C: the first is a soft stop, the second a hard stop, and the third exits at once. */

import { onLauncherSignal } from "../process/launcher-signals.js";
import { exitCodes } from "./exit.js";
import type { Terminal } from "./terminal.js";

export interface Interrupts {
  /** Aborts at the second signal: the hard stop. */
  readonly hard: AbortSignal;
  readonly wasInterrupted: () => boolean;
  /** Removes the signal handlers. */
  dispose(): void;
}

/** What the first Ctrl-C stops, for people: a run that reads images or rows, the server, the maintenance of a collection, or only a display. */
const stopNotes = {
  run: "Stopping: no more is read, and what was read is finished. Press Ctrl-C again to stop at once.",
  server: "Stopping: no new requests are taken, and open ones are finished. Press Ctrl-C again to abort them.",
  watch: "Stopping to watch. The workers go on.",
  upkeep: "Stopping: what is done is kept. Press Ctrl-C again to exit at once.",
} as const;

/** Starts to handle signals. Calls `onSoft` at the first SIGINT or SIGTERM. */
export function watchInterrupts(terminal: Terminal, onSoft: () => void, stopped: keyof typeof stopNotes = "run"): Interrupts {
  const controller = new AbortController();
  const counts = new SignalCounts();
  let acted = 0;
  const act = (): void => {
    const { total } = counts;
    if (acted === 0 && total >= 1) {
      terminal.note(stopNotes[stopped]);
      onSoft();
    }
    if (acted < 2 && total >= 2) {
      terminal.note("Stopping at once. Press Ctrl-C again to exit without waiting.");
      controller.abort();
    }
    if (total >= 3) process.exit(exitCodes.interrupted);
    acted = Math.max(acted, total);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    counts.addOwn(signal);
    act();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const removeListener = onLauncherSignal(({ signal, count }) => {
    counts.setLaunchers(signal, count);
    act();
  });
  return {
    hard: controller.signal,
    wasInterrupted: () => counts.total > 0,
    dispose: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
      removeListener();
    },
  };
}

/** Counts signals. A signal that reached both this process and its launcher counts once. */
class SignalCounts {
  readonly #own = new Map<string, number>();
  readonly #launchers = new Map<string, number>();

  get total(): number {
    return ["SIGINT", "SIGTERM"].reduce((sum, name) => sum + Math.max(this.#own.get(name) ?? 0, this.#launchers.get(name) ?? 0), 0);
  }

  addOwn(signal: string): void {
    this.#own.set(signal, (this.#own.get(signal) ?? 0) + 1);
  }

  setLaunchers(signal: string, count: number): void {
    this.#launchers.set(signal, count);
  }
}
