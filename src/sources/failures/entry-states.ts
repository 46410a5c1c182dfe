/** What a run knows about each entry of a dead-letter file. */
import { HashTable, hashOfText } from "../../kit/index.js";
import type { DeadLetter } from "./dead-letter.js";
import { entryName, nameBySource } from "./entry-name.js";

/** Needs 28 to 42 bytes of memory per entry. */
export class EntryStates {
  /** By name: its state, and the time of its success. */
  readonly #states = new HashTable({ values: 3 });
  #isEmpty = true;

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  foundEarlier(letter: DeadLetter): void {
    this.#isEmpty = false;
    this.#states.first(hashOfText(entryName(letter)), [state.earlier, 0, 0]);
    const bySource = nameBySource(letter);
    if (bySource !== null) this.#states.first(hashOfText(bySource), [state.earlier, 0, 0]);
  }

  failed(letter: DeadLetter): void {
    this.#isEmpty = false;
    this.#states.set(hashOfText(entryName(letter)), [state.failed, 0, 0]);
  }

  /** Returns false if no such entry has this name. "of earlier runs": an entry that failed in this run stays as it is. */
  cured(name: string, timeMs: number, which: "also of this run" | "of earlier runs"): boolean {
    const hash = hashOfText(name);
    const found = this.#states.get(hash);
    if (found === null || (which === "of earlier runs" && found[0] === state.failed)) return false;
    this.#states.set(hash, [state.cured, Math.floor(timeMs / word), timeMs % word]);
    return true;
  }

  hasFailed(letter: DeadLetter): boolean {
    return this.#states.get(hashOfText(entryName(letter)))?.[0] === state.failed;
  }

  /** An entry stays if its image did not succeed, or failed again afterwards in another run. */
  isDead(letter: DeadLetter): boolean {
    const isCured = (name: string | null) => {
      const [found, high = 0, low = 0] = name === null ? [] : (this.#states.get(hashOfText(name)) ?? []);
      return found === state.cured && high * word + low >= Date.parse(letter.time);
    };
    if (isCured(entryName(letter))) return false;
    return this.hasFailed(letter) || !isCured(nameBySource(letter));
  }
}

const state = { earlier: 0, failed: 1, cured: 2 } as const;
/** 2³²: the table stores numbers of 32 bits. */
const word = 0x1_0000_0000;
