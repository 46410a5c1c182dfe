/** Answers a repeated request with the answer of the first one, if both have the same `Idempotency-Key`. */
import { Refused } from "../wire/problems.js";

/** An answer, as far as it matters here. */
interface Headed {
  readonly headers?: Readonly<Record<string, string>>;
}

interface KeptAnswer {
  readonly fingerprint: string;
  readonly answer: Promise<Headed>;
  readonly atMs: number;
  /** False while the work goes on. */
  isKnown: boolean;
}

export interface RepeatableRequest {
  /** Differs between clients and operations. */
  readonly key: string;
  /** Equal for equal requests. */
  readonly fingerprint: string;
}

const keepMs = 24 * 60 * 60 * 1000;
const maxKept = 1_000;

export class KeptAnswers {
  /** In the order in which the requests came. */
  readonly #kept = new Map<string, KeptAnswer>();

  /** Requests with the same key share one call of `work`, also while it runs. Errors are not kept. Throws `idempotency_conflict`. */
  async answer<T extends Headed>({ key, fingerprint }: RepeatableRequest, work: () => Promise<T>): Promise<T> {
    this.#forget();
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      if (kept.fingerprint !== fingerprint) throw new Refused("idempotency_conflict");
      const answer = (await kept.answer) as T;
      return { ...answer, headers: { ...answer.headers, "idempotency-replayed": "true" } };
    }
    const answer = work();
    const entry = { fingerprint, answer, atMs: performance.now(), isKnown: false };
    this.#kept.set(key, entry);
    try {
      return await answer;
    } catch (error) {
      this.#kept.delete(key);
      throw error;
    } finally {
      entry.isKnown = true;
    }
  }

  /** Work in progress is never forgotten: a repeated request would do it twice. */
  #forget(): void {
    for (const [key, { atMs, isKnown }] of this.#kept) {
      if (this.#kept.size < maxKept && performance.now() - atMs < keepMs) return;
      if (isKnown) this.#kept.delete(key);
    }
  }
}
