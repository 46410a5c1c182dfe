/** How much of the disk the images and snapshots of all jobs take: images arrive, wait, are worked on, or stay for a retry. */
import { mebibyte } from "../../kit/index.js";
import { Refused } from "../wire/problems.js";

export class JobSpace {
  readonly #maxMb: number;
  /** Bytes by the path of the job's folder. */
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(maxMb: number) {
    this.#maxMb = maxMb;
  }

  /** Takes more space for a folder. Throws `jobs_full`. */
  grow(path: string, bytes: number): void {
    if (!this.hasRoom(bytes)) {
      throw new Refused(
        "jobs_full",
        `images and snapshots of all jobs: expected at most ${this.#maxMb} MiB on disk (\`server.max_jobs_mb\`), found more.`,
      );
    }
    this.set(path, (this.#sizes.get(path) ?? 0) + bytes);
  }

  /** Whether so many bytes more fit. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxMb * mebibyte;
  }

  /** Replaces what is known of a folder. */
  set(path: string, bytes: number): void {
    this.#bytes += bytes - (this.#sizes.get(path) ?? 0);
    if (bytes === 0) this.#sizes.delete(path);
    else this.#sizes.set(path, bytes);
  }
}

const blockBytes = 4096;

/** What a file takes of the disk. A file without bytes takes a block too, so that many of them end as well. */
export function spaceOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / blockBytes)) * blockBytes;
}
