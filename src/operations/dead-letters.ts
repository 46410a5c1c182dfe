/** What failed, as JSON lines beside the data; a later success removes the entry. */
import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { HeadraceError, type Outcome } from "../contracts/index.js";

/** One line of the file. */
export interface DeadLetter {
  readonly source: string;
  /** Where a manifest names it, `file:line`. */
  readonly line?: string;
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  /** ISO 8601, UTC. */
  readonly time: string;
}

/** Keeps the dead-letter file of one collection true to the outcomes of a run. */
export class DeadLetters {
  readonly #entries: Map<string, DeadLetter>;
  #appends: Promise<void> = Promise.resolve();
  #hasStale = false;
  readonly #earlier: Set<string>;

  private constructor(
    readonly path: string,
    entries: Map<string, DeadLetter>,
    readonly now: () => Date,
  ) {
    this.#entries = entries;
    this.#earlier = new Set(entries.keys());
  }

  /** Reads what earlier runs left. A last line that a crash cut off is dropped. */
  static async open(path: string, now: () => Date = () => new Date()): Promise<DeadLetters> {
    const { letters, torn } = await readDeadLetters(path);
    const opened = new DeadLetters(path, new Map(letters.map((letter) => [letter.source, letter])), now);
    if (torn) await opened.#rewrite();
    return opened;
  }

  /** How many sources are dead now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Those that were dead before, and that this run has neither cured nor seen fail again. */
  get fromEarlierRuns(): number {
    return this.#earlier.size;
  }

  /** Takes note of an outcome; durable when the promise resolves. */
  settle(outcome: Outcome): Promise<void> | undefined {
    const { source, line } = outcome.facts;
    if (outcome.kind === "failed") this.#earlier.delete(source);
    if (outcome.kind === "failed")
      return this.#add({ source, ...(line === undefined ? {} : { line }), ...letterOf(outcome), time: this.now().toISOString() });
    const cured = outcome.kind === "stored" || (outcome.kind === "skipped" && outcome.reason === "known");
    if (cured) this.#cure(source);
    // A line that could not be used had no other name.
    if (cured && line !== undefined) this.#cure(line);
    return undefined;
  }

  #cure(source: string): void {
    if (!this.#entries.delete(source)) return;
    this.#earlier.delete(source);
    this.#hasStale = true;
  }

  /** Drops the entries that were cured; removes an empty file. */
  async finish(): Promise<void> {
    await this.#appends;
    if (this.#entries.size === 0) await rm(this.path, { force: true });
    else if (this.#hasStale) await this.#rewrite();
    this.#hasStale = false;
  }

  #add(letter: DeadLetter): Promise<void> {
    if (this.#entries.has(letter.source)) this.#hasStale = true;
    this.#entries.set(letter.source, letter);
    this.#appends = this.#appends.then(() => append(this.path, `${JSON.stringify(letter)}\n`));
    return this.#appends;
  }

  async #rewrite(): Promise<void> {
    const temporary = `${this.path}.${randomUUID()}.tmp`;
    await append(temporary, [...this.#entries.values()].map((letter) => `${JSON.stringify(letter)}\n`).join(""));
    await rename(temporary, this.path);
  }
}

/** All entries of a dead-letter file, the last one of each source; `torn` when its end was cut off. */
export async function readDeadLetters(path: string): Promise<{ readonly letters: readonly DeadLetter[]; readonly torn: boolean }> {
  const text = await textOf(path);
  const lines = text.split("\n");
  const tail = lines.pop() ?? "";
  const bySource = new Map<string, DeadLetter>();
  for (const line of lines) {
    const letter = JSON.parse(line) as DeadLetter;
    bySource.set(letter.source, letter);
  }
  return { letters: [...bySource.values()], torn: tail !== "" };
}

function letterOf({ error, attempts }: Extract<Outcome, { kind: "failed" }>): Pick<DeadLetter, "code" | "message" | "attempts"> {
  return { code: error.code, message: error.message, attempts };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw fileError(error, path);
  }
}

async function append(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, "a");
    try {
      await handle.appendFile(text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

function fileError(cause: unknown, path: string): HeadraceError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new HeadraceError(full ? "disk_full" : "state_unwritable", `The dead-letter file ${path} cannot be written: ${message}.`, {
    item: path,
    cause,
  });
}
