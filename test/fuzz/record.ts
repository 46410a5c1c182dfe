/** Writes the mutants for Pillow (`write FOLDER`), and then what Pillow made of them as the fixture of the test (`read FOLDER`). */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { ImageEmbeddingPipeline } from "../../src/app/index.js";
import { allMutants, mutantName, writeMutants } from "./mutants.js";
import { type ReadingsFile, readingsPath, type Verdict, vectorsPath } from "./readings.js";

const [action = "", folder = ""] = process.argv.slice(2);
if (action === "write") await writeMutants(folder, allMutants);
else await record();

async function record(): Promise<void> {
  const found = JSON.parse(await readFile(join(folder, "verdicts.json"), "utf8")) as Readonly<Record<string, Verdict>>;
  const names = Array.from({ length: allMutants }, (_, index) => mutantName(index));
  const read = names.filter((name) => found[name] === "s" || found[name] === "l").map((name) => join(folder, "readings", `${name}.png`));
  const numbers = new Map<string, number>();
  const different: string[] = [];
  const vectors = read.map((path) => {
    const hash = createHash("sha256").update(readFileSync(path)).digest("hex");
    if (!numbers.has(hash)) numbers.set(hash, different.push(path) - 1);
    return numbers.get(hash)!;
  });
  await using pipeline = await ImageEmbeddingPipeline.open();
  const { dimension, vectors: embedded } = await pipeline.embedImages(different);
  const file: ReadingsFile = { dimension, verdicts: names.map((name) => found[name]).join(""), vectors };
  await writeFile(readingsPath, `${JSON.stringify(file)}\n`);
  await writeFile(vectorsPath, deflateSync(Buffer.concat(embedded.map((vector) => rounded(vector!))), { level: 9 }));
}

/** Rounds to 8 bits. Cosines change by less than 0.001. */
function rounded(vector: Float32Array): Buffer {
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return Buffer.from(Int8Array.from(vector, (value) => Math.round((value / largest) * 127)).buffer);
}
