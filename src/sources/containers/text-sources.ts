/** Reads text line by line from files, pipes or stdin. */
import { closeSync, constants, createReadStream, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { HeadraceError } from "../../contracts/index.js";
import { boundedLines, listenForAbort } from "../../kit/index.js";

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
   * Streams the lines of the text until `stop` fires. null: a line that is too long. `what` describes the text in messages. `separator` ends a
   * line; default: a line feed. Throws `source_failed`, also for a file that ends before the size that it had at the beginning.
   */
  async *lines(what: string, stop: AbortSignal, separator = "\n"): AsyncGenerator<string | null> {
    if (stop.aborted) return;
    const failed = (problem: string, more: { readonly cause?: unknown; readonly hint?: string } = {}): HeadraceError =>
      new HeadraceError("source_failed", `${what} ${this.name} ${problem}`, { item: this.name, ...more });
    try {
      const { stream, missingBytes } =
        this.#openStdin === null ? await openText(this.path) : { stream: this.#openStdin(), missingBytes: none };
      let number = 0;
      for await (const line of linesOf(stream, separator, stop)) {
        number += 1;
        if (line?.endsWith("\0"))
          throw failed(`cannot be read from line ${number} on: expected text, found null bytes`, { hint: nullHint });
        yield line;
      }
      if (stop.aborted || missingBytes() <= 0) return;
      throw failed(`cannot be read from line ${number} on: ${missingBytes()} bytes were removed from the file meanwhile`);
    } catch (cause) {
      if (stop.aborted) return;
      throw HeadraceError.is(cause) ? cause : failed(`cannot be read: ${(cause as Error).message}`, { cause });
    }
  }
}

const nullHint = "Copy or download the file again. If the paths of a list end with NUL, as find -print0 writes them, give -0.";

async function* linesOf(stream: Readable, separator: string, stop: AbortSignal): AsyncGenerator<string | null> {
  // Without this, reading from a pipe that gets no data would never end.
  const stopReading = (): void => void stream.destroy();
  listenForAbort(stop, stopReading);
  try {
    yield* boundedLines(stream.setEncoding("utf8"), { separator });
  } finally {
    stop.removeEventListener("abort", stopReading);
    stream.destroy();
  }
}

interface OpenText {
  readonly stream: Readable;
  /** How many bytes of the size at the beginning were not read. */
  readonly missingBytes: () => number;
}

const none = (): number => 0;

async function openText(path: string): Promise<OpenText> {
  const stats = await stat(path);
  if (stats.isFIFO()) return { stream: openPipe(path), missingBytes: none };
  const stream = createReadStream(path);
  return { stream, missingBytes: () => (stats.isFile() ? stats.size - stream.bytesRead : 0) };
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
