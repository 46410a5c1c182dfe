/** A folder of VGA photos that are all JPEGs. */
import { link, mkdir, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { makeCorpus } from "../test/support/corpus/corpus.js";

/** A fifth more photos than JPEGs are asked for, because one of six is a PNG or a WebP. */
const surplus = 1.2;

/** Returns the folder. Its files are links to those of a corpus with other formats too. */
export async function vgaJpegs(count: number): Promise<string> {
  const all = Math.ceil(count * surplus);
  const corpus = resolve(".cache", "corpus", `vga-${all}`);
  const folder = resolve(".cache", "corpus", `vga-jpeg-${count}`);
  await makeCorpus({ folder: corpus, count: all, seed: all, sizes: "vga" });
  await mkdir(folder, { recursive: true });
  const names = (await readdir(corpus)).filter((name) => name.endsWith(".jpg")).slice(0, count);
  if (names.length < count) throw new Error(`${corpus} has ${names.length} JPEGs, expected ${count}`);
  const linked = new Set(await readdir(folder));
  for (const name of names) if (!linked.has(name)) await link(join(corpus, name), join(folder, name));
  return folder;
}
