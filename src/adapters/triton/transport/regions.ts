/** Files below /dev/shm that hold a batch for a server on this machine: made once, reused, removed at the end or at the next start. */

import { closeSync, constants, existsSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { HeadraceError } from "../../../contracts/index.js";
import { checkAborted, mebibyte, ownIdentity, Semaphore, startTicksOf } from "../../../kit/index.js";
import { requestToTriton } from "../errors.js";

export interface Region {
  /** Registered under this name; `/name` is its key. */
  readonly name: string;
  readonly capacity: number;
  /** Whether the server knows it, as far as we know. */
  registered: boolean;
  /** Copies the batch to its beginning. */
  write(bytes: Uint8Array): void;
  /** False when somebody removed its file. */
  exists(): boolean;
  /** Removes the file. Unregister first: a server that maps a file that shrinks dies. */
  remove(): void;
}

export interface RegionPoolOptions {
  /** Regions at once; more callers wait. */
  readonly maxRegions: number;
  /** Smallest region, so that a first small batch does not make one that is too small for the others. */
  readonly minBytes: number;
  /** Called before a region is removed. Must not throw. */
  readonly unregister: (region: Region) => Promise<void>;
}

export const sharedMemoryFolder = "/dev/shm";
const prefix = "headrace-";
/** A live process in another container rewrites its regions with every batch; its process table is not ours to read. */
const foreignIdleMs = 3_600_000;
let made = 0;

/** Hands out regions; a caller gives its region back when the server has answered. */
export class RegionPool {
  readonly #options: RegionPoolOptions;
  readonly #idle: Region[] = [];
  readonly #turns: Semaphore;
  #count = 0;
  #closed = false;

  constructor(options: RegionPoolOptions) {
    this.#options = options;
    this.#turns = new Semaphore(options.maxRegions);
  }

  /** A region of at least `bytes`; waits while all are in use. Throws what the system says when there is no room. */
  async acquire(bytes: number, signal: AbortSignal): Promise<Region> {
    await this.#turns.enter(1, signal, requestToTriton);
    try {
      return await this.#take(bytes, signal);
    } catch (error) {
      this.#turns.leave(1);
      throw error;
    }
  }

  giveBack(region: Region): void {
    this.#idle.push(region);
    this.#turns.leave(1);
  }

  /** Instead of `giveBack`: the region is of no use any more. */
  async discard(region: Region): Promise<void> {
    await this.#retire(region);
    this.#turns.leave(1);
  }

  /** Removes idle regions; those in use go when they are given back to `discard`. */
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
      if (this.#closed) throw new HeadraceError("aborted", "shared memory: expected an open embedder, found it closed");
      const fitting = this.#idle.findIndex((region) => region.capacity >= bytes);
      if (fitting >= 0) return this.#idle.splice(fitting, 1)[0]!;
      if (this.#count < this.#options.maxRegions) return this.#make(bytes);
      // Fewer than all are in use, as it is our turn: the others are idle, and too small.
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

/** Whether a region of this name belongs to a process that has ended. Names of others are never abandoned. */
export function isAbandoned(name: string): boolean {
  const match = /^headrace-(\d+)-(\d+)-(\d+)-\d+$/.exec(name);
  if (match === null) return false;
  const [, space, pid, startTime] = match;
  if (space === ownSpace()) return startTicksOf(Number(pid)) !== startTime;
  const file = join(sharedMemoryFolder, name);
  return !existsSync(file) || Date.now() - statSync(file).mtimeMs > foreignIdleMs;
}

/** Files of ended processes; remove them when no server has them registered any more. */
export function abandonedRegions(): readonly string[] {
  if (!existsSync(sharedMemoryFolder)) return [];
  return readdirSync(sharedMemoryFolder).filter((name) => name.startsWith(prefix) && isAbandoned(name));
}

export function removeRegionFile(name: string): void {
  rmSync(join(sharedMemoryFolder, name), { force: true });
}

function makeRegion(capacity: number): Region {
  made += 1;
  const name = `${prefix}${ownSpace()}-${process.pid}-${startTicksOf(process.pid)}-${made}`;
  const file = join(sharedMemoryFolder, name);
  const handle = openSync(file, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600);
  const write = (bytes: Uint8Array, position: number) => {
    for (let done = 0; done < bytes.byteLength; ) done += writeSync(handle, bytes, done, bytes.byteLength - done, position + done);
  };
  const remove = () => {
    closeSync(handle);
    rmSync(file, { force: true });
  };
  try {
    // All pages now: a full /dev/shm is an error here, and would be a crash of the server later.
    const zeros = new Uint8Array(Math.min(capacity, mebibyte));
    for (let at = 0; at < capacity; at += zeros.byteLength) write(zeros.subarray(0, Math.min(zeros.byteLength, capacity - at)), at);
  } catch (error) {
    remove();
    throw error;
  }
  return { name, capacity, registered: false, write: (bytes) => write(bytes, 0), exists: () => existsSync(file), remove };
}

/** The number of the table that our process id is in. */
function ownSpace(): string {
  return /\d+/.exec(ownIdentity().pidNamespace ?? "")?.[0] ?? "0";
}
