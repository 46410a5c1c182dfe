/** Adapters have one shape, so that whoever knows one finds their way in all of them. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, join } from "node:path";
import { describe, test } from "node:test";

const folder = join("src", "adapters");
const adapters = readdirSync(folder).sort();

/** The file of each port, the port, and how the one function that makes it is called. */
const ports = [
  ["store.ts", "VectorStore", /^[a-z]\w*Store$/],
  ["embedder.ts", "Embedder", /^[a-z]\w*(?<!Text)Embedder$/],
  ["text-embedder.ts", "TextEmbedder", /^[a-z]\w*TextEmbedder$/],
  ["decoder.ts", "ImageDecoder", /^[a-z]\w*Decoder$/],
  ["converter.ts", "ImageConverter", /^[a-z]\w*Converter$/],
  // Users write and load preprocessors of their own: that makes none of ours.
  ["preprocessor.ts", "Preprocessor", /^(?!define|load)[a-z]\w*Preprocessor$/],
  ["file-describer.ts", "FileDescriber", /^[a-z]\w*Describer$/],
  ["reader.ts", "Reader", /^[a-z]\w*Reader$/],
  ["listing.ts", "Listing", /^list[A-Z]\w*$/],
  ["hub.ts", "ModelHub", /^[a-z]\w*Hub$/],
  ["row-source.ts", "RowSource", /^open[A-Z]\w*Rows$/],
  ["tokenizer.ts", "Tokenizer", /^open\w*Tokenizer$/],
  ["archive.ts", "Archive", /^open[A-Z]\w*Archive$/],
  ["table.ts", "Table", /^open[A-Z]\w*Table$/],
  ["work-queue.ts", "WorkQueue", /^[a-z]\w*Queue$/],
  ["row-writer.ts", "RowWriter", /^create[A-Z]\w*Rows$/],
] as const;

/** Those whose settings the configuration has. */
const withSettings = readdirSync(join("src", "app", "configuration"))
  .map((file) => readFileSync(join("src", "app", "configuration", file), "utf8"))
  .flatMap((text) => [...text.matchAll(/adapters\/(\w+)\/options\.js"/g)].map(([, adapter = ""]) => adapter));

for (const adapter of adapters) {
  describe(`adapter ${adapter}`, () => {
    const files = filesBelow(join(folder, adapter));
    const textOf = (file: string): string => readFileSync(file, "utf8");

    test("has an index.ts that gives no class away", async () => {
      const exported = await exportsOf(adapter);
      const classes = Object.entries(exported).filter(([, value]) => isClass(value));
      assert.deepEqual(
        classes.map(([name]) => name),
        [],
      );
    });

    test("has a file for each port that it implements, and one function that makes it", async () => {
      const names = Object.keys(await exportsOf(adapter));
      const implemented = ports.filter(([file]) => existsSync(join(folder, adapter, file)));
      assert.ok(implemented.length > 0, `expected one of ${ports.map(([file]) => file).join(", ")}`);
      for (const [file, port, factory] of ports) {
        const expected = implemented.some(([other]) => other === file) ? 1 : 0;
        assert.equal(names.filter((name) => factory.test(name)).length, expected, `${factory} for ${port} in ${names.join(", ")}`);
        const implementing = files.filter((path) => new RegExp(`implements (\\w+, )*${port}\\b`).test(textOf(path)));
        assert.deepEqual(
          implementing.filter((path) => path !== join(folder, adapter, file)),
          [],
          `${port} belongs into ${file}`,
        );
      }
    });

    test("reads what a vendor throws in errors.ts alone", () => {
      if (files.some((path) => packagesIn(textOf(path)).length > 0)) {
        assert.ok(existsSync(join(folder, adapter, "errors.ts")), "expected an errors.ts beside the vendor's package");
      }
      const reading = files.filter((path) => basename(path) !== "errors.ts" && readsErrors.test(textOf(path)));
      assert.deepEqual(reading, []);
    });

    test("has options.ts if and only if it has settings", () => {
      assert.equal(existsSync(join(folder, adapter, "options.ts")), withSettings.includes(adapter));
    });
  });
}

test("every adapter that has settings exists", () => {
  assert.deepEqual(
    withSettings.filter((adapter) => !adapters.includes(adapter)),
    [],
  );
});

/** Looks into an error that is neither ours nor JavaScript's nor one of Node's file system. */
const readsErrors = /\b(?:instanceof|as) (?!Headrace|Syntax)\w*Error\b/;

function filesBelow(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.(test|d)\.ts$/.test(file))
    .map((file) => join(path, file));
}

/** Packages that a file imports, dynamically or for their types too; zod checks settings and is no vendor. */
function packagesIn(text: string): readonly string[] {
  const names = [...text.matchAll(/(?:from|import\() ?"([^"]+)"/g)].map(([, name = ""]) => name);
  return names.filter((name) => !/^(\.|node:)|^zod$/.test(name) && !builtinModules.includes(name));
}

async function exportsOf(adapter: string): Promise<Readonly<Record<string, unknown>>> {
  return import(new URL(`../../src/adapters/${adapter}/index.js`, import.meta.url).href);
}

function isClass(value: unknown): boolean {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}
