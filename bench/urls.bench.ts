/** Photos from a web server that answers 20 ms late, against the same photos on disk. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { alternate, atLeast, type BenchSection, median, plain, spread } from "./harness.js";
import { measureCommand } from "./processes.js";

const photos = 5_000;
const latencyMs = 20;
const rounds = 1;
const corpusFolder = join(".cache", "corpus", "vga-5000");

export async function urlsAndFiles(): Promise<BenchSection> {
  await makeCorpus({ folder: corpusFolder, count: photos, seed: photos, sizes: "vga" });
  const folder = await mkdtemp(join(tmpdir(), "headrace-urls-"));
  const script = resolve("build", "bench", "slow-image-server.js");
  const server = spawn(process.execPath, [script, corpusFolder, String(latencyMs)], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const list = join(folder, "urls.txt");
    await writeFile(list, await urlsOf(await portOf(server)));
    const ingest = (inputs: readonly string[]) => async (): Promise<number> => {
      const data = await mkdtemp(join(folder, "data-"));
      const document = await measureCommand<{ stored: number; imagesPerSecond: number }>(
        "ingest",
        ...inputs,
        "--set",
        `lancedb.path=${data}`,
      );
      if (document.stored !== photos) throw new Error(`${document.stored} of ${photos} photos were stored`);
      return document.imagesPerSecond;
    };
    const speed = await alternate({ files: ingest([corpusFolder]), urls: ingest(["--files-from", list]) }, rounds);
    return {
      name: "urls",
      title: `${photos} VGA photos from a web server on loopback that answers ${latencyMs} ms late, against the same files on disk`,
      command: "npm run bench -- urls",
      figures: [
        plain("files, images/s", spread(speed.files, 1)),
        plain("URLs, images/s", spread(speed.urls, 1)),
        atLeast("URLs ÷ files, medians", median(speed.urls) / median(speed.files), 0.9, 3),
      ],
    };
  } finally {
    server.stdin?.end();
    await once(server, "exit");
    await rm(folder, { recursive: true, force: true });
  }
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error("the server has no output");
  const [line] = await once(stdout.setEncoding("utf8"), "data");
  return Number(line);
}

async function urlsOf(port: number): Promise<string> {
  const names = (await readdir(corpusFolder)).filter((name) => !name.endsWith(".json"));
  return names.map((name) => `http://127.0.0.1:${port}/${name}`).join("\n");
}
