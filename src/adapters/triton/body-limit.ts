/** How many rows a request to one server may have, where something on the way refuses larger bodies: found by halving what is open. */

export class BodyLimit {
  /** The most rows that have passed, and the fewest that were refused. */
  #passes = 0;
  #refuses = Number.POSITIVE_INFINITY;
  #isSettled = false;

  /** Rows of the next request, of those that are left. */
  next(rows: number): number {
    if (this.#refuses === Number.POSITIVE_INFINITY) return rows;
    return Math.min(rows, Math.max(1, this.#isFound() ? this.#passes : Math.floor((this.#passes + this.#refuses) / 2)));
  }

  refused(rows: number): void {
    this.#refuses = Math.min(this.#refuses, rows);
    // It passed before: the limit was lowered, so nothing is known any more of fewer rows.
    if (this.#passes >= this.#refuses) this.#passes = 0;
  }

  /** The limit in rows when this was the request that settled it, else null: it is told once. */
  passed(rows: number): number | null {
    if (rows < this.#refuses) this.#passes = Math.max(this.#passes, rows);
    if (this.#isSettled || !this.#isFound()) return null;
    this.#isSettled = true;
    return this.#passes;
  }

  #isFound(): boolean {
    return this.#refuses - this.#passes <= 1;
  }
}
