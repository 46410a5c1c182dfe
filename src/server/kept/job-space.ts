/** How much of the disk the images and snapshots of all jobs take: images arrive, wait, are worked on, or stay for a retry. */
import { mebibyte } from "../../kit/index.js";
import { Refused } from "../wire/problems.js";
import { clientShare } from "./client-share.js";

/** The space of one folder, which is a part of its client's space. */
export interface FolderSpace {
  /** Takes more space. Throws `jobs_full`. */
  grow(bytes: number): void;
  /** Whether so many bytes more fit. */
  hasRoom(bytes: number): boolean;
  /** Replaces what is known of the folder. */
  set(bytes: number): void;
}

export class JobSpace {
  readonly #maxMb: number;
  /** Bytes by the path of the folder. */
  readonly #folders = new Map<string, number>();
  /** Bytes by the name of the API key. */
  readonly #clients = new Map<string, number>();
  #bytes = 0;

  constructor(maxMb: number) {
    this.#maxMb = maxMb;
  }

  /** `client`: the name of an API key; empty without API keys. */
  folder(path: string, client: string): FolderSpace {
    return {
      grow: (bytes) => {
        this.#check(client, bytes);
        this.#add(path, client, bytes);
      },
      hasRoom: (bytes) => this.#fits(bytes) && this.#fitsShare(client, bytes),
      set: (bytes) => this.#add(path, client, bytes - (this.#folders.get(path) ?? 0)),
    };
  }

  #check(client: string, bytes: number): void {
    if (!this.#fits(bytes)) {
      throw new Refused(
        "jobs_full",
        `images and snapshots of all jobs: expected at most ${this.#maxMb} MiB on disk (\`server.max_jobs_mb\`), found more.`,
      );
    }
    if (this.#fitsShare(client, bytes)) return;
    const share = "expected at most three quarters of `server.max_jobs_mb` on disk, found more.";
    throw new Refused("jobs_full", `images and snapshots of this key: ${share}`);
  }

  #fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxMb * mebibyte;
  }

  #fitsShare(client: string, bytes: number): boolean {
    return client === "" || (this.#clients.get(client) ?? 0) + bytes <= clientShare * this.#maxMb * mebibyte;
  }

  #add(path: string, client: string, bytes: number): void {
    this.#bytes += bytes;
    for (const [sizes, name] of [[this.#folders, path] as const, [this.#clients, client] as const]) {
      const size = (sizes.get(name) ?? 0) + bytes;
      if (size === 0) sizes.delete(name);
      else sizes.set(name, size);
    }
  }
}

const blockBytes = 4096;

/** What a file takes of the disk. A file without bytes takes a block too, so that many of them end as well. */
export function spaceOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / blockBytes)) * blockBytes;
}
