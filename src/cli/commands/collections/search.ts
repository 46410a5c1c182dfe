/** `headrace search`: finds the nearest stored images. */

import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { type ImageEmbeddingPipeline, keysOf, pathOfSource } from "../../../app/index.js";
import type { Hit } from "../../../contracts/index.js";
import { positive, score } from "../../calls/arguments.js";
import { type CommonOptions, collect, collectionOption, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { noteFindings } from "../../calls/filter-notes.js";
import { type GivenQuery, type QueryOptions, queryOf } from "../../calls/query.js";
import { openInBrowser } from "../../pages/browser.js";
import { resultsPage } from "../../pages/results-page.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { writeOutputFile } from "../../terminal/output-file.js";
import { shownSource } from "../../terminal/printable-text.js";

interface SearchOptions extends CommonOptions, QueryOptions {
  readonly collection?: string;
  readonly topK: number;
  readonly topk?: number;
  readonly minScore?: number;
  readonly filter?: string;
  readonly groupBy?: string;
  readonly open?: boolean | string;
  readonly base?: string;
  readonly as?: string;
}

const defaultTopK = 10;

export function searchCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("search"))
    .description("find the stored images that are nearest to images, words, stored rows or vectors")
    .argument("[images...]", "paths of query images; of several queries, a weighted sum is searched: a.jpg b.jpg^0.5")
    .addOption(repeatable("--text <words>", 'search by words; "red^0.5" counts half, "people^-1" looks for less of it; can be repeated'))
    .addOption(repeatable("--id <id>", "search with the vector of a stored row; can be repeated"))
    .addOption(repeatable("--vector <file>", "search with a JSON list of numbers or a .npy file; - reads it from stdin; can be repeated"))
    .addOption(collectionOption())
    .option("-k, --top-k <n>", "number of hits, at most 1000", positive, defaultTopK)
    .addOption(new Option("--topk <n>", "as --top-k").argParser(positive).hideHelp())
    .option("--min-score <score>", "leave out hits with a lower score; with every metric, a higher score is nearer", score)
    .option("--filter <expression>", 'search only matching rows, for example: year >= 2020 and startsWith(source, "/photos/")')
    .option("--group-by <key>", "of all rows with the same value of this key, show only the nearest, for example: product")
    .option("--open [page.html]", "write a page with the pictures and open it (default: a file in the temporary folder)")
    .option("--base <folder>", "with --as: the folder where files ingested with --base and --as are now, for the page")
    .option("--as <name>", "with --base: the name that replaces the folder")
    .action(async (images: string[], options: SearchOptions) => exit(await runSearch(images, options)));
}

async function runSearch(images: readonly string[], options: SearchOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  return withPipeline(options, async (pipeline) => {
    const collection = options.collection ?? pipeline.defaultCollection;
    const given = await queryOf(images, options, async (text) => {
      const [id = text] = await keysOf(pipeline, collection, [text]);
      return { id };
    });
    const hits = await pipeline.searchImages(given.query, {
      topK: options.topk ?? options.topK,
      collectionName: collection,
      ...(options.minScore === undefined ? {} : { minScore: options.minScore }),
      ...(options.filter === undefined ? {} : { filter: options.filter }),
      ...(options.groupBy === undefined ? {} : { groupBy: options.groupBy }),
    });
    const filters = [options.filter, options.groupBy === undefined ? undefined : `exists(${options.groupBy})`];
    for (const filter of hits.length === 0 ? filters : []) {
      if (filter !== undefined) await noteFindings(terminal, pipeline, collection, filter);
    }
    const document = { hits: hits.map(hitDocument) };
    if (options.open === undefined || options.open === false) {
      terminal.result(document, table(hits));
      return exitCodes.ok;
    }
    const page = resolve(typeof options.open === "string" ? options.open : join(tmpdir(), `headrace-search-${process.pid}.html`));
    await writeOutputFile(page, await pageOf(pipeline, given, collection, hits, options));
    terminal.result({ ...document, page }, `${table(hits)}Page: ${page}\n`);
    openInBrowser(page, { platform: process.platform, isTerminal: process.stdout.isTTY === true, environment: process.env });
    return exitCodes.ok;
  });
}

function pageOf(
  pipeline: ImageEmbeddingPipeline,
  given: GivenQuery,
  collection: string,
  hits: readonly Hit[],
  options: SearchOptions,
): Promise<string> {
  return resultsPage({
    query: given.label,
    queryImage: given.image === null ? null : (pathOfSource(given.image) ?? resolve(given.image)),
    collection,
    filter: options.filter ?? null,
    hits,
    placeOf: (source) => placeOf(source, options),
    thumbnail: (place) => pipeline.thumbnail(place),
  });
}

/**
 * Returns the current path of a source. Files that were ingested with `--base` and `--as` are now below the folder that this command's
 * `--base` names.
 */
function placeOf(source: string, { base, as }: SearchOptions): string {
  return base !== undefined && as !== undefined && source.startsWith(`${as}:`) ? resolve(base, source.slice(as.length + 1)) : source;
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collect);
}

function hitDocument({ id, score, facts }: Hit): object {
  const { source, width, height, content, metadata } = facts;
  return { id: String(id), score, source, path: pathOfSource(source), width, height, content, metadata };
}

function table(hits: readonly Hit[]): string {
  if (hits.length === 0) return "No hits.\n";
  const rows = hits.map(
    ({ score, facts }, index) =>
      `${String(index + 1).padStart(4)}  ${score.toFixed(4).padStart(8)}  ${shownSource(facts.source)}${labels(facts.metadata)}`,
  );
  return `${["   #     score  source", ...rows].join("\n")}\n`;
}

function labels(metadata: Hit["facts"]["metadata"]): string {
  const given = Object.entries(metadata).filter(([, value]) => value !== null);
  return given.length === 0 ? "" : `  ${given.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(" ")}`;
}
