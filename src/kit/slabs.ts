/** A pool of buffers for batches. A run reuses a few buffers instead of allocating thousands. */
import type { Slab } from "../contracts/index.js";
import { HeadraceError } from "../contracts/index.js";

/** A slab with its own ArrayBuffer. The buffer can be transferred to a worker, and comes back with the answer. */
export interface PooledSlab extends Slab {
  /** At least `rows * rowBytes` bytes. After a transfer, call `giveBack` with the returned buffer. */
  readonly buffer: ArrayBuffer;
  /** Ends the lease: the caller owns the buffer now. Throws `contract_broken` if the lease has ended already. */
  take(): ArrayBuffer;
}

/** Leases buffers of one capacity. Keeps at most `maxIdle` unused buffers. */
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

  /** Takes a buffer back. A buffer that was transferred away (zero bytes) is dropped. */
  giveBack(buffer: ArrayBuffer): void {
    if (buffer.byteLength === this.rowBytes * this.maxRows && this.#idle.length < this.maxIdle) this.#idle.push(buffer);
  }
}

/** Memory for one batch, without a pool. */
export function plainSlab(rows: number, rowBytes: number): Slab {
  return { rows, rowBytes, bytes: new Uint8Array(rows * rowBytes), release: () => {} };
}

/** Takes the buffer of a slab that a SlabPool leased. Throws `contract_broken` for any other slab. */
export function takeBuffer(slab: Slab): ArrayBuffer {
  if ("take" in slab) return (slab as PooledSlab).take();
  throw new HeadraceError("contract_broken", "slab: expected a slab that the embedder leased, found another");
}
