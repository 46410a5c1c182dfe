/** A pool of buffers for batches, so that a run allocates a handful of them, not thousands. */
import type { Slab } from "../contracts/index.js";
import { HeadraceError } from "../contracts/index.js";

/** A slab over an ArrayBuffer of its own, which can be handed to a worker and comes back with the answer. */
export interface PooledSlab extends Slab {
  /** The whole buffer: at least `rows * rowBytes` bytes. Transfer it, then `giveBack` what returns. */
  readonly buffer: ArrayBuffer;
  /** Spends the slab: the buffer is the caller's from now on. Throws `contract_broken` when it was spent before. */
  take(): ArrayBuffer;
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
      take: () => {
        if (!leased)
          throw new HeadraceError("contract_broken", "slab: expected one that is leased, found one that was embedded or released");
        leased = false;
        return buffer;
      },
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

/** The buffer of a slab that a SlabPool leased; spends the slab. Throws `contract_broken` for any other slab. */
export function takeBuffer(slab: Slab): ArrayBuffer {
  if ("take" in slab) return (slab as PooledSlab).take();
  throw new HeadraceError("contract_broken", "slab: expected one of the embedder's own lease, found another");
}
