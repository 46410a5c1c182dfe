/** Lets one server at a time run the jobs of a data folder. */
import { join } from "node:path";
import { HeadraceError } from "../../contracts/index.js";
import { withShortLock } from "../../kit/index.js";
import type { Log } from "../telemetry/log.js";
import { Refused } from "../wire/problems.js";

export interface FolderOwnerOptions {
  readonly log: Log;
  /** Called when the folder is this server's. */
  readonly onOwned: () => Promise<void>;
  /** Called when another server has taken the folder, for example because this one stood still for long on another machine. */
  readonly onLost: () => void;
}

/** How long a start waits for another server. Then the start continues without jobs until that server has ended. */
const waitMs = 2_000;

export class FolderOwner {
  readonly #closing = new AbortController();
  #isOwner = false;
  #whyNot = "Another server with the same data folder runs the jobs.";
  #letGo: () => void = () => undefined;
  #ended: Promise<void> = Promise.resolve();

  private constructor() {}

  /** A server that does not get the folder answers everything but jobs. */
  static async take(folder: string, { log, onOwned, onLost }: FolderOwnerOptions): Promise<FolderOwner> {
    const owner = new FolderOwner();
    const { signal } = owner.#closing;
    const released = new Promise<void>((resolve) => {
      owner.#letGo = resolve;
    });
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
      const use = async (): Promise<void> => {
        await onOwned();
        owner.#isOwner = true;
        resolve();
        await released;
      };
      const lost = (): void => {
        owner.#isOwner = false;
        log("error", "jobs stop", { folder, reason: owner.#whyNot });
        onLost();
      };
      owner.#ended = withShortLock(join(folder, "lock"), use, { signal, life: "shown", onLost: lost }).catch((error: unknown) => {
        if (signal.aborted) return;
        log("error", "jobs fail", { folder, message: HeadraceError.from(error).message });
        owner.#isOwner = false;
        owner.#whyNot = "The server cannot use its data folder. Its log says why.";
        resolve();
      });
    }).finally(() => clearTimeout(timer));
    if (!owner.#isOwner) log("warn", "no jobs yet", { folder, reason: owner.#whyNot });
    return owner;
  }

  /** Throws `not_ready` unless the folder is this server's. */
  check(): void {
    if (!this.#isOwner) throw new Refused("not_ready", this.#whyNot);
  }

  async release(): Promise<void> {
    this.#closing.abort();
    this.#letGo();
    await this.#ended;
  }
}
