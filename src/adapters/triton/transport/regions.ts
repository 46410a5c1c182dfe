/**
 * Shared memory regions: files in /dev/shm that pass batches to a Triton server on this machine. Regions are reused and removed at the end.
 * The next start removes the regions that a killed process left behind.
 */
import { closeSync, constants, existsSync, openSync, readdirSync, rmSync, statSync, write, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { HeadraceError } from "../../../contracts/index.js";
import { checkAborted, mebibyte, ownIdentity, Semaphore, startTicksOf } from "../../../kit/index.js";
import { requestToTriton } from "../errors.js";

export interface Region {
  /** Name of the file in /dev/shm, and name of the registration at the server. The key of the registration is `/name`. */
  readonly name: string;
  readonly capacity: number;
  /** Whether the server confirmed the registration. */
  registered: boolean;
  /** Copies the bytes to the beginning of the region, in a thread of Node's pool. The bytes must not change meanwhile. */
  write(bytes: Uint8Array): Promise<void>;
  /** False when the file of the region was removed. */
  exists(): boolean;
  /** Removes the file of the region. Unregister the region first. */
  remove(): void;
}

export interface RegionPoolOptions {
  /** Maximum number of regions. Further callers wait until a region is given back. */
  readonly maxRegions: number;
  /** Minimum size of a region. Without a minimum, a small first batch would create a region that is too small for later batches. */
  readonly minBytes: number;
  /** Unregisters a region at the server. Called before the region is removed. Must not throw. */
  readonly unregister: (region: Region) => Promise<void>;
}

export const sharedMemoryFolder = "/dev/shm";
const prefix = "headrace-";
/**
 * Age at which a region of a process in another container counts as abandoned. This process cannot see whether a process in another
 * container is alive. A live process writes its regions with every batch.
 */
const foreignIdleMs = 3_600_000;
const writeInPool = promisify(write);
let created = 0;

/** Lends regions to callers. A caller gives its region back when the server has answered. */
export class RegionPool {
  readonly #options: RegionPoolOptions;
  readonly #idle: Region[] = [];
  readonly #slots: Semaphore;
  #count = 0;
  #closed = false;

  constructor(options: RegionPoolOptions) {
    this.#options = options;
    this.#slots = new Semaphore(options.maxRegions);
  }

  /**
   * Returns a region of at least `bytes` bytes. Waits while all regions are in use. Throws the operating system's error when /dev/shm is
   * full.
   */
  async acquire(bytes: number, signal: AbortSignal): Promise<Region> {
    await this.#slots.enter(1, signal, requestToTriton);
    try {
      return await this.#take(bytes, signal);
    } catch (error) {
      this.#slots.leave(1);
      throw error;
    }
  }

  giveBack(region: Region): void {
    this.#idle.push(region);
    this.#slots.leave(1);
  }

  /** Removes a region that cannot be reused. Called instead of `giveBack`. */
  async discard(region: Region): Promise<void> {
    await this.#retire(region);
    this.#slots.leave(1);
  }

  /** Removes the idle regions. A caller that still uses a region must `discard` that region afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((region) => this.#retire(region)));
  }

  get closed(): boolean {
    return this.#closed;
  }

  async #take(bytes: number, signal: AbortSignal): Promise<Region> {
    for (;;) {
      checkAborted(signal, requestToTriton);
      if (this.#closed) throw new HeadraceError("aborted", "shared memory: expected an open embedder, found a closed one");
      const fitting = this.#idle.findIndex((region) => region.capacity >= bytes);
      if (fitting >= 0) return this.#idle.splice(fitting, 1)[0]!;
      if (this.#count < this.#options.maxRegions) return this.#make(bytes);
      // The maximum number of regions exists. The semaphore ensures that at least one region is idle. All idle regions are too small, so
      // one of them is removed.
      await this.#retire(this.#idle.pop()!);
    }
  }

  #make(bytes: number): Region {
    const region = makeRegion(Math.max(bytes, this.#options.minBytes));
    this.#count += 1;
    return region;
  }

  async #retire(region: Region): Promise<void> {
    this.#count -= 1;
    await this.#options.unregister(region);
    region.remove();
  }
}

/** True when `name` is the file of a region whose process has ended. False for files that Headrace did not create. */
export function isAbandoned(name: string): boolean {
  const match = /^headrace-(\d+)-(\d+)-(\d+)-\d+$/.exec(name);
  if (match === null) return false;
  const [, namespace, pid, startTime] = match;
  if (namespace === ownPidNamespace()) return startTicksOf(Number(pid)) !== startTime;
  const file = join(sharedMemoryFolder, name);
  return !existsSync(file) || Date.now() - statSync(file).mtimeMs > foreignIdleMs;
}

/** Returns the names of region files whose process has ended. Each region must be unregistered before its file is removed. */
export function abandonedRegions(): readonly string[] {
  if (!existsSync(sharedMemoryFolder)) return [];
  return readdirSync(sharedMemoryFolder).filter((name) => name.startsWith(prefix) && isAbandoned(name));
}

export function removeRegionFile(name: string): void {
  rmSync(join(sharedMemoryFolder, name), { force: true });
}

function makeRegion(capacity: number): Region {
  created += 1;
  const name = `${prefix}${ownPidNamespace()}-${process.pid}-${startTicksOf(process.pid)}-${created}`;
  const file = join(sharedMemoryFolder, name);
  const handle = openSync(file, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600);
  const fill = async (bytes: Uint8Array): Promise<void> => {
    for (let done = 0; done < bytes.byteLength; ) {
      done += (await writeInPool(handle, bytes, done, bytes.byteLength - done, done)).bytesWritten;
    }
  };
  const remove = () => {
    closeSync(handle);
    rmSync(file, { force: true });
  };
  try {
    // Writes zeros to allocate all memory pages now. A full /dev/shm then causes an error here instead of a crash of the server later.
    const zeros = new Uint8Array(Math.min(capacity, mebibyte));
    for (let at = 0; at < capacity; ) at += writeSync(handle, zeros, 0, Math.min(zeros.byteLength, capacity - at), at);
  } catch (error) {
    remove();
    throw error;
  }
  return { name, capacity, registered: false, write: fill, exists: () => existsSync(file), remove };
}

/** The number of the pid namespace of this process, or "0" when unknown. */
function ownPidNamespace(): string {
  return /\d+/.exec(ownIdentity().pidNamespace ?? "")?.[0] ?? "0";
}
