/** Which output is taken for the embedding. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DeclaredOutput, embeddingOutput, vectorLength } from "./embedding-output.js";

const output = (name: string, row: DeclaredOutput["row"] = [512], type: DeclaredOutput["type"] = "float"): DeclaredOutput => ({
  name,
  type,
  row,
});
const taken = (outputs: readonly DeclaredOutput[], wanted: string | null = null) => {
  const choice = embeddingOutput(outputs, wanted);
  return "output" in choice ? `${choice.kind} ${choice.output.name}` : choice.kind;
};

test("the only output is the embedding, whatever its name, if it is one vector of floats per image", () => {
  assert.equal(taken([output("logits")]), "found logits");
  assert.equal(taken([output("tokens", [49, 768])]), "unfit tokens");
  assert.equal(taken([output("labels", [5], "other")]), "unfit labels");
  assert.equal(taken([]), "undecided");
});

test("shape and type decide before names do", () => {
  assert.equal(taken([output("embedding", [49, 768]), output("logits", [1000])]), "found logits");
  assert.equal(taken([output("embedding", [512], "other"), output("logits", [1000])]), "found logits");
  assert.equal(taken([output("last_hidden_state", [50, 768]), output("pooler_output", [768])]), "found pooler_output");
});

test("among several vectors the most telling name wins", () => {
  assert.equal(taken([output("pooler_output"), output("image_embeds"), output("logits")]), "found image_embeds");
  assert.equal(taken([output("features"), output("embedding")]), "found embedding");
});

test("a name that only sounds like an embedding is taken when it is alone in that", () => {
  assert.equal(taken([output("logits"), output("global_features")]), "found global_features");
  assert.equal(taken([output("logits"), output("global_features"), output("pooled")]), "undecided");
  assert.equal(taken([output("logits"), output("scores")]), "undecided");
});

test("an output that is named is taken if it fits, and never replaced by another one", () => {
  const outputs = [output("embedding"), output("logits"), output("tokens", [49, 768])];
  assert.equal(taken(outputs, "logits"), "found logits");
  assert.equal(taken(outputs, "tokens"), "unfit tokens");
  assert.equal(taken(outputs, "Embedding"), "absent");
});

test("sizes of 1 do not count, wherever they stand", () => {
  assert.deepEqual([[512], [512, 1, 1], [1, 512], [1], [1, 1], [null], [1, null], [], [49, 768], [null, 768]].map(vectorLength), [
    512,
    512,
    512,
    1,
    1,
    null,
    null,
    "none",
    "none",
    "none",
  ]);
});

test("the order of the outputs does not count", () => {
  const name = fc.constantFrom("embedding", "pooler_output", "features", "pooled", "logits", "tokens", "scores");
  const row = fc.array(fc.constantFrom(1, 512, null), { maxLength: 3 });
  const outputs = fc.uniqueArray(fc.record({ name, row, type: fc.constantFrom("float" as const, "other" as const) }), {
    selector: (each) => each.name,
    maxLength: 5,
  });
  fc.assert(
    fc.property(outputs, (some) => {
      assert.equal(taken(some), taken([...some].reverse()));
    }),
  );
});
