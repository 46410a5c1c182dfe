/** A pool of buffers for batches, so that a run allocates a handful of them, not thousands. */
import type { Slab } from "../contracts/index.js";

/** A slab over an ArrayBuffer of its own, which can be handed to a worker and comes back with the answer. */
export interface PooledSlab extends Slab {
  /** The whole buffer: at least `rows * rowBytes` bytes. Transfer it, then `giveBack` what returns. */
  readonly buffer: ArrayBuffer;
}

/** Leases buffers of one capacity; keeps at most `maxIdle` of them. */
export class SlabPool {
  readonly #idle: ArrayBuffer[] = [];

  constructor(
    readonly rowBytes: number,
    readonly maxRows: number,
    readonly maxIdle: number,
  ) {}

  lease(rows: number): PooledSlab {
    const capacity = this.rowBytes * Math.max(rows, this.maxRows);
    const found = rows <= this.maxRows ? this.#idle.pop() : undefined;
    const buffer = found ?? new ArrayBuffer(capacity);
    let leased = true;
    return {
      rows,
      rowBytes: this.rowBytes,
      buffer,
      bytes: new Uint8Array(buffer, 0, rows * this.rowBytes),
      release: () => {
        if (leased) this.giveBack(buffer);
        leased = false;
      },
    };
  }

  /** Takes a buffer back; one that was transferred away (zero bytes) is left to the garbage collector. */
  giveBack(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.rowBytes * this.maxRows && this.#idle.length < this.maxIdle) this.#idle.push(buffer);
  }
}

/** Memory for one batch, owned by whoever holds it. */
export function plainSlab(rows: number, rowBytes: number): Slab {
  return { rows, rowBytes, bytes: new Uint8Array(rows * rowBytes), release: () => {} };
}
