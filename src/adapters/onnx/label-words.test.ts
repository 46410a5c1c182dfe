/** Which labels a word means, with the words of the shipped model. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LabelWords, type WordsFile } from "./label-words.js";

const file = JSON.parse(readFileSync(join("models", "imagenet-words.json"), "utf8")) as WordsFile;
const words = new LabelWords(file);
const named = (text: string): readonly string[] => words.find(text).map((index) => words.labels[index]!.text);

test("there are a thousand labels in the order of the model, and every name of a label finds it", () => {
  const shown = JSON.parse(readFileSync(join("models", "imagenet-labels.json"), "utf8")) as readonly string[];
  assert.deepEqual(
    words.labels.map(({ text }) => text),
    shown,
  );
  for (const [index, { text, synonyms }] of words.labels.entries()) {
    for (const name of [text, ...synonyms]) assert.ok(words.find(name).includes(index), name);
  }
});

test("case, accents, punctuation and blanks do not matter", () => {
  for (const text of ["tabby cat", "Tabby Cat", "  TABBY   cat ", "tabby-cat", "tábby cat"]) assert.deepEqual(named(text), ["tabby cat"]);
});

test("plurals find the singular, also those that follow no rule", () => {
  for (const [many, one] of [
    ["espressos", "espresso"],
    ["daisies", "daisy"],
    ["coffee mugs", "coffee mug"],
    ["timber wolves", "timber wolf"],
    ["geese", "goose"],
    ["computer mice", "computer mouse"],
    ["strawberries", "strawberry"],
    ["torches", "torch"],
    ["walking sticks", "walking stick"],
  ] as const) {
    assert.ok(words.find(many).length > 0, many);
    assert.deepEqual(words.find(many), words.find(one), many);
  }
});

test("a synonym finds its label, a kind finds all labels of the kind, and a part of a name finds the names", () => {
  assert.deepEqual(named("Tinca tinca"), ["tench"]);
  assert.equal(words.find("dog").length, 118);
  assert.deepEqual([...named("flower")].sort(), ["daisy", "yellow lady's slipper"]);
  assert.ok(named("sunglass").length > 0);
});

test("a word of no label finds nothing, and similar labels are suggested", () => {
  for (const text of ["sunflower", "xyzzy", "", "   ", "日本", "s", "the"]) assert.deepEqual(named(text), [], text);
  assert.ok(words.nearest("sunflower", 5).includes("flower"));
  assert.ok(words.nearest("esspresso", 5).includes("espresso"));
  assert.equal(words.nearest("", 5).length, 5);
});
