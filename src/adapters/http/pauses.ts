/** Remembers which hosts asked for a pause, so that no request goes to a host before its pause has ended. */
import { setTimeout as delay } from "node:timers/promises";

export class HostPauses {
  readonly #endsMs = new Map<string, number>();

  /** Extends the pause of a host. */
  extend(host: string, delayMs: number): void {
    this.#forgetEnded();
    this.#endsMs.set(host, Math.max(this.#endsMs.get(host) ?? 0, performance.now() + delayMs));
  }

  /** Resolves when the host has no pause. Rejects when the signal fires. */
  async ended(host: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = (this.#endsMs.get(host) ?? 0) - performance.now();
      if (leftMs <= 0) return;
      await delay(Math.ceil(leftMs), undefined, { signal });
    }
  }

  #forgetEnded(): void {
    const nowMs = performance.now();
    for (const [host, endMs] of this.#endsMs) if (endMs <= nowMs) this.#endsMs.delete(host);
  }
}
