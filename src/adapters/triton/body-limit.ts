/** Finds by bisection how many rows a request to one server may have when a proxy limits the body size. */

export class BodyLimit {
  /** The largest accepted and the smallest refused number of rows. */
  #accepted = 0;
  #refused = Number.POSITIVE_INFINITY;
  #isSettled = false;

  /** Rows for the next request when `rows` are left. */
  next(rows: number): number {
    if (this.#refused === Number.POSITIVE_INFINITY) return rows;
    return Math.min(rows, Math.max(1, this.#isFound() ? this.#accepted : Math.floor((this.#accepted + this.#refused) / 2)));
  }

  refused(rows: number): void {
    this.#refused = Math.min(this.#refused, rows);
    // The same number was accepted before, so the limit was lowered: the search starts again.
    if (this.#accepted >= this.#refused) this.#accepted = 0;
  }

  /** Returns the limit when this request determined it, else null. */
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
