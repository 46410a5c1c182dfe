/** `headrace search`: the nearest stored images. */
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { Hit } from "../../contracts/index.js";
import { type CommonOptions, collectionOption, terminalOf, withCommonOptions, withPipeline } from "../context.js";
import { type ExitCode, exitCodes } from "../exit.js";
import { resultsPage } from "../results-page.js";
import { positive } from "./ingest.js";

interface SearchOptions extends CommonOptions {
  readonly collection?: string;
  readonly topk: number;
  readonly minScore?: number;
  readonly filter?: string;
  readonly open?: boolean | string;
  readonly base?: string;
  readonly as?: string;
}

export function searchCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("search"))
    .description("find the stored images that are nearest to an image")
    .argument("<image>", "path of the query image")
    .addOption(collectionOption())
    .option("--topk <n>", "hits, at most 1000", positive, 10)
    .option("--min-score <score>", "leave out hits with a lower score, whatever the metric: higher is nearer", score)
    .option("--filter <expression>", 'for example: year >= 2020 and startsWith(source, "photos:")')
    .option("--open [page.html]", "write a page with the pictures (default: a file in the temporary folder)")
    .option("--base <folder>", "with --as: where files that were named by --base and --as are now, for the page")
    .option("--as <name>", "with --base: the name that stands for the folder")
    .action(async (image: string, options: SearchOptions) => exit(await runSearch(image, options)));
}

function runSearch(image: string, options: SearchOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  return withPipeline(options, async (pipeline) => {
    const hits = await pipeline.searchImages(image, {
      topK: options.topk,
      ...(options.collection === undefined ? {} : { collectionName: options.collection }),
      ...(options.minScore === undefined ? {} : { minScore: options.minScore }),
      ...(options.filter === undefined ? {} : { filter: options.filter }),
    });
    if (hits.length === 0 && options.filter !== undefined) {
      const keys = await pipeline.keysOfNoRow(options.collection ?? pipeline.defaultCollection, options.filter);
      for (const key of keys) terminal.note(`No row has "${key}".`);
    }
    terminal.result({ hits: hits.map(hitDocument) }, table(hits));
    if (options.open !== undefined && options.open !== false) {
      const path = typeof options.open === "string" ? options.open : join(tmpdir(), `headrace-search-${process.pid}.html`);
      await writeFile(path, await resultsPage(image, hits, (source) => pipeline.thumbnail(placeOf(source, options))));
      terminal.note(`Page: ${path}`);
    }
    return exitCodes.ok;
  });
}

/** Files that were ingested with --base and --as are found where --base says they are now. */
function placeOf(source: string, { base, as }: SearchOptions): string {
  return base !== undefined && as !== undefined && source.startsWith(`${as}:`) ? join(base, source.slice(as.length + 1)) : source;
}

function score(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new InvalidArgumentError("Expected a number.");
  return value;
}

function hitDocument({ id, score, facts }: Hit): object {
  return { id: String(id), score, source: facts.source, metadata: facts.metadata };
}

function table(hits: readonly Hit[]): string {
  if (hits.length === 0) return "No hits.\n";
  const rows = hits.map(
    ({ score, facts }, index) =>
      `${String(index + 1).padStart(4)}  ${score.toFixed(4).padStart(8)}  ${facts.source}${labels(facts.metadata)}`,
  );
  return `${["   #     score  source", ...rows].join("\n")}\n`;
}

function labels(metadata: Hit["facts"]["metadata"]): string {
  const given = Object.entries(metadata).filter(([, value]) => value !== null);
  return given.length === 0 ? "" : `  ${given.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(" ")}`;
}
