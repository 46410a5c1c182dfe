/** A proxy before a server may limit the body size of requests. Finds by bisection how many rows one request may have. */

export class BodyLimit {
  /** The largest number of rows in an accepted request. */
  #accepted = 0;
  /** The smallest number of rows in a refused request. */
  #refused = Number.POSITIVE_INFINITY;
  #isSettled = false;

  /** Returns how many rows to send in the next request. `rows`: how many rows of the batch are not sent yet. */
  next(rows: number): number {
    if (this.#refused === Number.POSITIVE_INFINITY) return rows;
    return Math.min(rows, Math.max(1, this.#isFound() ? this.#accepted : Math.floor((this.#accepted + this.#refused) / 2)));
  }

  refused(rows: number): void {
    this.#refused = Math.min(this.#refused, rows);
    // The proxy accepted as many rows before, so its limit was lowered. The bisection starts again.
    if (this.#accepted >= this.#refused) this.#accepted = 0;
  }

  /** Returns the maximum number of rows when this accepted request completes the bisection. Returns null otherwise. */
  passed(rows: number): number | null {
    if (rows < this.#refused) this.#accepted = Math.max(this.#accepted, rows);
    if (this.#isSettled || !this.#isFound()) return null;
    this.#isSettled = true;
    return this.#accepted;
  }

  #isFound(): boolean {
    return this.#refused - this.#accepted <= 1;
  }
}
