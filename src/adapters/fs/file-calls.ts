/** The system calls that reading a file needs: in Node's pool of threads, or in the calling thread. */
import { type BigIntStats, closeSync, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";

export interface OpenFile {
  stat(): Promise<BigIntStats> | BigIntStats;
  /** Reads up to `size` bytes at `position` of the file into `bytes`, also at `position`. Returns the number of bytes. */
  read(bytes: Uint8Array, position: number, size: number): Promise<number> | number;
  close(): Promise<void> | void;
}

/** If reading one file takes longer than this, its file system is slow. */
const slowMs = 5;
/** After a slow file, this many files are read in the pool. */
const filesInPool = 32;

export type OpenCall = (path: string, flags: number) => Promise<OpenFile> | OpenFile;

/** Calls in the threads of Node's pool: the calling thread can do other work meanwhile. */
export const openInPool: OpenCall = async (path, flags) => {
  const handle = await open(path, flags);
  return {
    stat: () => handle.stat({ bigint: true }),
    read: async (bytes, position, size) => (await handle.read(bytes, position, size, position)).bytesRead,
    close: () => handle.close(),
  };
};

/** Calls in the calling thread, which waits for them. This takes less processor time than three ways to the pool and back. */
function openHere(path: string, flags: number) {
  const file = openSync(path, flags);
  return {
    stat: () => fstatSync(file, { bigint: true }),
    read: (bytes: Uint8Array, position: number, size: number) => readSync(file, bytes, position, size, position),
    close: () => closeSync(file),
  };
}

/**
 * Calls in the calling thread as long as they are fast. While files are slow, calls in the pool, so that several files are read at a time.
 * `clock`: returns milliseconds.
 */
export function openWhereFast(clock = () => performance.now()): OpenCall {
  let inPool = 0;
  return (path, flags) => {
    if (inPool > 0) {
      inPool -= 1;
      return openInPool(path, flags);
    }
    const startedAt = clock();
    const file = openHere(path, flags);
    const close = () => {
      file.close();
      if (clock() - startedAt > slowMs) inPool = filesInPool;
    };
    return { ...file, close };
  };
}
