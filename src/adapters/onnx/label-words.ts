/** Finds the labels of a classifier that a word means: by their names and synonyms, by their kinds, or by a word of their names. */
import type { Label } from "../../contracts/index.js";

/** The file of words that belongs to a classifier. `labels`: the names of each class, the first one is shown. `kinds`: words for several classes. */
export interface WordsFile {
  readonly labels: readonly (readonly string[])[];
  readonly kinds: readonly { readonly words: readonly string[]; readonly labels: readonly number[] }[];
}

/** Plurals that do not follow a rule. */
const irregular: Readonly<Record<string, string>> = {
  children: "child",
  feet: "foot",
  fungi: "fungus",
  geese: "goose",
  men: "man",
  mice: "mouse",
  oxen: "ox",
  people: "person",
  teeth: "tooth",
  women: "woman",
};
/** Endings of plurals, and what they replace. A word gets every form that applies, because only a form that is a label can match. */
const endings: readonly (readonly [RegExp, string])[] = [
  [/ies$/, "y"],
  [/ves$/, "f"],
  [/ves$/, "fe"],
  [/es$/, ""],
  [/s$/, ""],
];

export class LabelWords {
  readonly labels: readonly Label[];
  readonly #byName = new Map<string, Set<number>>();
  readonly #byKind = new Map<string, Set<number>>();
  readonly #byWord = new Map<string, Set<number>>();

  constructor({ labels, kinds }: WordsFile) {
    this.labels = labels.map(([text = "", ...synonyms]) => ({ text, synonyms }));
    for (const [index, names] of labels.entries()) {
      for (const name of names.map(plain)) {
        add(this.#byName, name, [index]);
        for (const word of name.split(" ").filter(isTelling)) add(this.#byWord, word, [index]);
      }
    }
    for (const kind of kinds) for (const word of kind.words) add(this.#byKind, plain(word), kind.labels);
  }

  /** Returns the positions of the labels. Empty: no label has the word. A name goes before a kind, and a kind before a part of a name. */
  find(text: string): readonly number[] {
    const forms = singulars(plain(text));
    for (const index of [this.#byName, this.#byKind, this.#byWord]) {
      const found = new Set(forms.flatMap((form) => [...(index.get(form) ?? [])]));
      if (found.size > 0) return [...found];
    }
    return [];
  }

  /** Returns the words that are spelt most similarly, the nearest first. */
  nearest(text: string, count: number): readonly string[] {
    const asked = pairs(plain(text));
    const scored = [...this.#byName.keys(), ...this.#byKind.keys()].map((word) => ({ word, score: similarity(asked, pairs(word)) }));
    return [...new Set(scored.sort((a, b) => b.score - a.score).map(({ word }) => word))].slice(0, count);
  }
}

/** Words such as "of" and "the" are parts of names, but mean nothing alone. */
function isTelling(word: string): boolean {
  return word.length > 2 && word !== "the" && word !== "and";
}

function add(index: Map<string, Set<number>>, word: string, labels: readonly number[]): void {
  const known = index.get(word) ?? new Set();
  for (const label of labels) known.add(label);
  index.set(word, known);
}

/** Lower case, without accents and punctuation. "American Coot" and "american  coot" are the same. */
function plain(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/['’]/g, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

/** Returns the text itself, and the text with its last word in the singular. */
function singulars(text: string): readonly string[] {
  const start = text.lastIndexOf(" ") + 1;
  const [before, last] = [text.slice(0, start), text.slice(start)];
  const regular = endings.filter(([ending]) => ending.test(last)).map(([ending, singular]) => last.replace(ending, singular));
  return [text, ...[irregular[last] ?? [], regular].flat().map((word) => before + word)];
}

function pairs(word: string): ReadonlySet<string> {
  const padded = ` ${word} `;
  return new Set(Array.from({ length: padded.length - 1 }, (_, index) => padded.slice(index, index + 2)));
}

/** The Dice coefficient of two sets of letter pairs. */
function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((pair) => b.has(pair)).length;
  return (2 * shared) / (a.size + b.size);
}
