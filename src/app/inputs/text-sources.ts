/** Texts that are read line by line: files, pipes, the input of the process. */
import { closeSync, constants, createReadStream, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { HeadraceError } from "../../contracts/index.js";
import { listenForAbort, textLines } from "../../kit/index.js";

/** Opens the input of the process. */
export type OwnInput = () => Readable;

/** A text, named by a path; `-` is the input of the process where there is one. */
export class TextSource {
  readonly #open: OwnInput | null;

  constructor(
    readonly path: string,
    stdin: OwnInput | null,
  ) {
    this.#open = path === "-" ? stdin : null;
  }

  get isOwnInput(): boolean {
    return this.#open !== null;
  }

  /** For messages. */
  get name(): string {
    return this.isOwnInput ? "stdin" : this.path;
  }

  /** Whether it can be read a second time: what a pipe gives to one reader is lost to the other. */
  async isReadAgain(): Promise<boolean> {
    if (this.isOwnInput) return false;
    return stat(this.path).then(
      (found) => found.isFile(),
      () => false,
    );
  }

  /** `what` it is, for the message. A stop ends it. Throws `source_failed`. */
  async *lines(what: string, stop: AbortSignal): AsyncGenerator<string> {
    if (stop.aborted) return;
    try {
      yield* linesOf(this.#open?.() ?? (await openText(this.path)), stop);
    } catch (cause) {
      if (stop.aborted) return;
      throw new HeadraceError("source_failed", `The ${what} ${this.name} cannot be read: ${(cause as Error).message}.`, {
        item: this.name,
        cause,
      });
    }
  }
}

async function* linesOf(stream: Readable, stop: AbortSignal): AsyncGenerator<string> {
  // A pipe may say nothing for ever.
  const leave = (): void => void stream.destroy();
  listenForAbort(stop, leave);
  try {
    yield* textLines(stream.setEncoding("utf8"));
  } finally {
    stop.removeEventListener("abort", leave);
    stream.destroy();
  }
}

async function openText(path: string): Promise<Readable> {
  return (await stat(path)).isFIFO() ? openPipe(path) : createReadStream(path);
}

/** Opening a pipe that nobody writes to would hold a thread until somebody does, and the process with it. */
function openPipe(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return new Socket({ fd, readable: true, writable: false });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
