/** Ctrl-C: once drains, twice stops hard. */
import type { Terminal } from "./terminal.js";

export interface Interrupts {
  /** Fires at the second signal. */
  readonly hard: AbortSignal;
  readonly wasInterrupted: () => boolean;
  /** Takes the handlers away. */
  dispose(): void;
}

/** `onSoft` is called at the first SIGINT or SIGTERM. */
export function watchInterrupts(terminal: Terminal, onSoft: () => void): Interrupts {
  const controller = new AbortController();
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals === 1) {
      terminal.note("Stopping: what was read is finished, nothing more is read. Press Ctrl-C again to stop at once.");
      onSoft();
      return;
    }
    terminal.note("Stopping at once.");
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    hard: controller.signal,
    wasInterrupted: () => signals > 0,
    dispose: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
