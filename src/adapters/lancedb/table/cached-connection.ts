/** Connects to a folder of tables, with caches of a limited size. */
import type { Connection, Session } from "@lancedb/lancedb";
import type { Vendor } from "./vendor.js";

/** How LanceDB divides the cache: three quarters for indexes, one quarter for file metadata. */
const cacheShares = [3 / 4, 1 / 4] as const;

/** The caches of connections that share them. */
export function newSession({ lancedb }: Vendor, cacheBytes: number): Session {
  return new lancedb.Session(...cacheShares.map((share) => BigInt(Math.round(cacheBytes * share))));
}

export interface ConnectOptions {
  readonly session: Session;
  /** See LanceDB's option of this name. Default: tables stay at one version until they are told to look for a new one. */
  readonly readConsistencyInterval?: number;
}

/** LanceDB ignores a session that is passed as the third argument, as its documentation says, and takes caches of 7 GiB instead. */
export function connect({ lancedb }: Vendor, path: string, options: ConnectOptions): Promise<Connection> {
  return lancedb.connect(path, { ...options });
}
