/** Preprocessors that users bring: used when they are right, refused with the line when they are not. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { HeadraceError, type Pixels, type TensorSpec } from "../../contracts/index.js";
import { plainSlab, rowBytes } from "../../kit/index.js";
import { loadPreprocessor } from "./custom.js";

const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), "headrace-jax-"));
after(() => rmSync(folder, { recursive: true }));
const model: TensorSpec = { dtype: "float32", layout: "NCHW", width: 6, height: 4 };

let files = 0;
function write(source: string): string {
  files += 1;
  const file = join(folder, `preprocessor-${files}.mjs`);
  writeFileSync(file, source);
  return file;
}

/** A module whose definition is right but for `change`, an object literal; `apply` stands in line 6. */
function moduleWith(change: string, apply = "numpy.transpose(image.div(255), [2, 0, 1])"): string {
  return write(
    `export const preprocessor = {
  name: "unit",
  version: "2",
  imageSize: [4, 6],
  dtype: "float32",
  apply: (image, { numpy }) => ${apply},
  ...${change},
};\n`,
  );
}

function pixels(first: number): Pixels {
  const data = Uint8Array.from({ length: 4 * 6 * 3 }, (_, index) => first + index);
  return { width: 6, height: 4, data, original: { width: 6, height: 4 } };
}

for (const thread of ["main", "worker"] as const) {
  test(`a right one is used on the ${thread} thread, and labelled by name, version and hash`, async () => {
    const { preprocessing, preprocessor } = await loadPreprocessor(moduleWith("{}"), model, { jaxThread: thread });
    assert.match(preprocessing.name, /^unit 2 \([0-9a-f]{12}\)$/);
    assert.deepEqual(preprocessing.geometry, { kind: "squash", width: 6, height: 4, filter: "bicubic" });
    assert.match(preprocessor.label, /unit 2/);
    await preprocessor.open(never);
    try {
      const slab = plainSlab(2, rowBytes(model));
      await preprocessor.run([pixels(0), pixels(100)], slab, never);
      const numbers = new Float32Array(slab.bytes.buffer as ArrayBuffer);
      for (const [position, value] of [
        [1, 3],
        [24, 1],
        [72, 100],
      ] as const) {
        assert.ok(Math.abs(numbers[position]! - value / 255) < 1e-6, `at ${position}: expected ${value / 255}, found ${numbers[position]}`);
      }
    } finally {
      await preprocessor.close();
    }
  });
}

test("it may take a larger image than the model does, and cut by itself", async () => {
  const geometry = '{ imageSize: [8, 8], geometry: { kind: "letterbox", width: 8, height: 8, fill: [0, 0, 0], filter: "bilinear" } }';
  const file = moduleWith(geometry, "numpy.transpose(image.slice([2, 6], [1, 7]), [2, 0, 1])");
  const { preprocessing } = await loadPreprocessor(file, model);
  assert.equal(preprocessing.geometry.kind, "letterbox");
  assert.equal(preprocessing.geometry.width, 8);
});

test("a default export serves too", async () => {
  const file = write(
    'export default { name: "n", version: "1", imageSize: [4, 6], dtype: "float32", apply: (image, { numpy }) => numpy.transpose(image, [2, 0, 1]) };',
  );
  assert.match((await loadPreprocessor(file, model)).preprocessing.name, /^n 1/);
});

test("nothing is traced any more once it is open, whatever the batch sizes", async () => {
  const counter = Symbol.for("headrace.test.traces");
  const traces = globalThis as unknown as Record<symbol, number>;
  traces[counter] = 0;
  const file = moduleWith("{}", '{ globalThis[Symbol.for("headrace.test.traces")] += 1; return numpy.transpose(image, [2, 0, 1]); }');
  const { preprocessor } = await loadPreprocessor(file, model);
  await preprocessor.open(never);
  const whenOpen = traces[counter];
  assert.ok(whenOpen > 0);
  for (const rows of [1, 2, 3, 5, 7, 16, 31, 32, 40]) {
    await preprocessor.run(
      Array.from({ length: rows }, () => pixels(1)),
      plainSlab(rows, rowBytes(model)),
      never,
    );
  }
  assert.equal(traces[counter], whenOpen);
  await preprocessor.close();
});

describe("refused, with file and line", () => {
  const refused: readonly (readonly [string, () => string, RegExp])[] = [
    ["another shape", () => moduleWith("{}", "image"), /:6: expected a result of the model.s shape \[3, 4, 6\].*found \[4, 6, 3\]/],
    [
      "whole numbers",
      () => moduleWith("{}", "numpy.transpose(image, [2, 0, 1]).astype(numpy.int32)"),
      /:6: expected a result of float32, found int32/,
    ],
    ["NaN", () => moduleWith("{}", "numpy.transpose(image.ref.sub(image).div(0), [2, 0, 1])"), /:6: expected finite numbers, found NaN/],
    ["chance", () => moduleWith("{}", "numpy.transpose(image.mul(1 + Math.random()), [2, 0, 1])"), /:6: expected the same numbers/],
    ["an error in apply", () => moduleWith("{}", "image.nonsense()"), /:6: expected an `apply` that runs.*nonsense/],
    ["nothing returned", () => moduleWith("{}", "undefined"), /:6: expected an `apply` that runs/],
    [
      "an image used twice",
      () => moduleWith("{}", "numpy.transpose(image.mul(2).add(image), [2, 0, 1])"),
      /:6: expected an `apply` that runs/,
    ],
    ["no apply", () => moduleWith("{ apply: 3 }"), /:6: expected `apply` as definePreprocessor takes it, found expected a function/],
    ["a size of one number", () => moduleWith("{ imageSize: 4 }"), /:4: expected `imageSize` as/],
    ["no export", () => write("export const other = 1;\n"), /expected an export `preprocessor`.*only other/],
    ["a syntax error", () => write("const a = 1;\n\nexport const = 4;\n"), /:3: expected a module that loads, found SyntaxError/],
    [
      "an error while it loads",
      () => write('const a = 1;\nthrow new Error("boo");\n'),
      /:2: expected a module that loads, found Error: boo/,
    ],
    [
      "an import that is not there",
      () => write('\nimport x from "nowhere-to-be-found";\n'),
      /:2: expected a module that loads.*nowhere-to-be-found/,
    ],
    ["a file that is not there", () => join(folder, "absent.mjs"), /absent\.mjs: expected a JavaScript module/],
    [
      "a geometry of another size",
      () => moduleWith('{ geometry: { kind: "squash", width: 9, height: 9, filter: "nearest" } }'),
      /expected a geometry of imageSize 6 x 4, found 9 x 9/,
    ],
  ];
  for (const [what, make, words] of refused) {
    test(what, async () => {
      const file = make();
      await assert.rejects(loadPreprocessor(file, model), (error) => {
        assert.ok(HeadraceError.is(error));
        assert.equal(error.code, "config_invalid", error.message);
        assert.match(error.message, words);
        assert.ok(error.message.includes(file), error.message);
        return true;
      });
    });
  }

  test("one that is made for a model of another type", async () => {
    await assert.rejects(
      loadPreprocessor(moduleWith('{ dtype: "float16" }'), model),
      (error) => HeadraceError.is(error) && error.code === "model_mismatch" && /float32.*float16/.test(error.message),
    );
  });
});
