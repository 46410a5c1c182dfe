/** A pool of buffers for batches of tensors. A run uses the same few buffers again and again, instead of allocating one per batch. */
import type { Slab } from "../../contracts/index.js";
import { HeadraceError } from "../../contracts/index.js";

/** A slab with its own ArrayBuffer. The buffer can be transferred to a worker thread. The worker transfers the buffer back. */
export interface PooledSlab extends Slab {
  /** Has at least `rows * rowBytes` bytes. When a worker has transferred the buffer back, pass it to `SlabPool.giveBack`. */
  readonly buffer: ArrayBuffer;
  /** Ends the lease and returns the buffer, which then belongs to the caller. Throws `contract_broken` if the lease has already ended. */
  take(): ArrayBuffer;
}

/** Leases buffers for up to `maxRows` rows, and larger ones if required. Keeps at most `maxIdle` unused buffers for later leases. */
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
        if (!leased) throw new HeadraceError("contract_broken", "slab: expected a leased slab, found one that was embedded or released");
        leased = false;
        return buffer;
      },
      release: () => {
        if (leased) this.giveBack(buffer);
        leased = false;
      },
    };
  }

  /** Puts a buffer back into the pool. A buffer of another size is dropped. This includes a transferred buffer, which has zero bytes. */
  giveBack(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.rowBytes * this.maxRows && this.#idle.length < this.maxIdle) this.#idle.push(buffer);
  }
}

/** Allocates memory for one batch, without a pool. */
export function plainSlab(rows: number, rowBytes: number): Slab {
  return { rows, rowBytes, bytes: new Uint8Array(rows * rowBytes), release: () => {} };
}

/** Calls `take` on a slab that a SlabPool has leased. Throws `contract_broken` for any other slab. */
export function takeBuffer(slab: Slab): ArrayBuffer {
  if ("take" in slab) return (slab as PooledSlab).take();
  throw new HeadraceError("contract_broken", "slab: expected a slab that the embedder leased, found another");
}
