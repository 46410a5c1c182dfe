/** Reads text line by line from files, pipes or stdin. */
import { closeSync, constants, createReadStream, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { HeadraceError } from "../../contracts/index.js";
import { listenForAbort, textLines } from "../../kit/index.js";

/** Opens stdin. */
export type OpenStdin = () => Readable;

/** Text that is read from a path. The path `-` means stdin if the caller provides stdin. */
export class TextSource {
  readonly #openStdin: OpenStdin | null;

  constructor(
    readonly path: string,
    stdin: OpenStdin | null,
  ) {
    this.#openStdin = path === "-" ? stdin : null;
  }

  get isStdin(): boolean {
    return this.#openStdin !== null;
  }

  /** The name of the text in messages. */
  get name(): string {
    return this.isStdin ? "stdin" : this.path;
  }

  /** Returns whether the path is a pipe: stdin, a named pipe, or the pipe of a process substitution. */
  async isPipe(): Promise<boolean> {
    if (this.isStdin) return true;
    return stat(this.path).then(
      (found) => found.isFIFO(),
      () => false,
    );
  }

  /** Returns whether the text can be read twice. A pipe can be read only once. */
  async isRepeatable(): Promise<boolean> {
    if (this.isStdin) return false;
    return stat(this.path).then(
      (found) => found.isFile(),
      () => false,
    );
  }

  /**
   * Streams the lines of the text until `stop` fires. `what` describes the text in messages. `separator` ends a line; default: a line feed.
   * Throws `source_failed`.
   */
  async *lines(what: string, stop: AbortSignal, separator = "\n"): AsyncGenerator<string> {
    if (stop.aborted) return;
    try {
      yield* linesOf(this.#openStdin?.() ?? (await openText(this.path)), separator, stop);
    } catch (cause) {
      if (stop.aborted) return;
      throw new HeadraceError("source_failed", `${what} ${this.name} cannot be read: ${(cause as Error).message}`, {
        item: this.name,
        cause,
      });
    }
  }
}

async function* linesOf(stream: Readable, separator: string, stop: AbortSignal): AsyncGenerator<string> {
  // Without this, reading from a pipe that gets no data would never end.
  const stopReading = (): void => void stream.destroy();
  listenForAbort(stop, stopReading);
  try {
    yield* textLines(stream.setEncoding("utf8"), separator);
  } finally {
    stop.removeEventListener("abort", stopReading);
    stream.destroy();
  }
}

async function openText(path: string): Promise<Readable> {
  return (await stat(path)).isFIFO() ? openPipe(path) : createReadStream(path);
}

/**
 * Opens a pipe without blocking. An ordinary open would block a thread, and keep the process alive, until another process opens the pipe
 * for writing.
 */
function openPipe(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return new Socket({ fd, readable: true, writable: false });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
