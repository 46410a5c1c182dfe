/** `headrace dedupe`: finds rows of the same and of nearly the same image, and deletes all but the best of each group on request. */
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { type DuplicateGroup, type DuplicateRow, type ImageEmbeddingPipeline, pathOfSource } from "../../../app/index.js";
import { HeadraceError } from "../../../contracts/index.js";
import { type DeletionLimit, deletionLimit, score } from "../../calls/arguments.js";
import { type CommonOptions, noKeepOption, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { type CollectionChoice, namedCollection, withCollectionOption } from "../../calls/named-collection.js";
import { openInBrowser } from "../../pages/browser.js";
import { duplicatesPage } from "../../pages/duplicates-page.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { writeOutputFile } from "../../terminal/output-file.js";
import { counted, shownSource } from "../../terminal/printable-text.js";

interface DedupeOptions extends CommonOptions, CollectionChoice {
  readonly threshold?: number;
  readonly delete?: boolean;
  readonly yes?: boolean;
  readonly maxDeletions: DeletionLimit;
  readonly open?: boolean | string;
}

const maxGroupsShown = 20;
const maxOthersShown = 5;
const maxGroupsOnPage = 200;

export function dedupeCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCollectionOption(withWriterOptions(program.command("dedupe")))
    .description("find rows of the same and of nearly the same image, and which of them to keep")
    .argument("[collection]", "name of the collection (default: milvus.collection_name, else images)")
    .option("--threshold <score>", "the least score of near duplicates (default: 0.95, for the metric cosine)", score)
    .option("--open [page.html]", "write a page with the pictures and open it (default: a file in the temporary folder)")
    .option("--delete", "count the rows that would be deleted: all of a group but the one to keep")
    .option("--yes", "with --delete: delete them")
    .addOption(noKeepOption())
    .addOption(
      new Option("--max-deletions <n>", "with --delete: delete nothing if it would be more rows; a number or a percentage")
        .argParser(deletionLimit)
        .default({ share: 0.5 }, "50%"),
    )
    .action(async (collection: string | undefined, options: DedupeOptions) =>
      exit(await runDedupe(namedCollection(collection, options), options)),
    );
}

function runDedupe(name: string | undefined, options: DedupeOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  return withPipeline(options, async (pipeline) => {
    const collection = name ?? pipeline.defaultCollection;
    const groups: DuplicateGroup[] = [];
    const onCompared = (rows: number): void => {
      if (terminal.isLive) terminal.line(`${counted(rows, "row")} compared`);
    };
    const { threshold } = options;
    for await (const group of pipeline.duplicates({
      collectionName: collection,
      onCompared,
      ...(threshold === undefined ? {} : { threshold }),
    }))
      groups.push(group);
    const ids = groups.flatMap(({ others }) => others.map(({ id }) => id));
    const page = await openedPage(pipeline, collection, groups, options);
    const deletion = options.delete === true ? { wouldDelete: ids.length, deleted: 0 } : {};
    if (options.delete === true && options.yes === true && ids.length > 0) {
      checkLimit(ids.length, await pipeline.count(collection), options.maxDeletions, collection);
      deletion.deleted = await pipeline.deleteByIds(collection, ids, { command: "dedupe" });
    }
    const document = { groups: groups.map(groupDocument), ...deletion, ...(page === null ? {} : { page }) };
    terminal.result(document, `${table(groups, collection)}${deletionText(deletion)}${page === null ? "" : `Page: ${page}\n`}`);
    return exitCodes.ok;
  });
}

function checkLimit(found: number, rows: number, limit: DeletionLimit, collection: string): void {
  const allowed = "rows" in limit ? limit.rows : Math.floor(limit.share * rows);
  if (found <= allowed) return;
  const message = `dedupe of ${collection}: expected at most ${allowed} rows to delete, found ${found}, so no row was deleted`;
  throw new HeadraceError("prune_refused", message, {
    hint: "Check the groups with --open. Raise the threshold, or the limit with --max-deletions.",
  });
}

async function openedPage(
  pipeline: ImageEmbeddingPipeline,
  collection: string,
  groups: readonly DuplicateGroup[],
  { open }: DedupeOptions,
): Promise<string | null> {
  if (open === undefined || open === false) return null;
  const page = resolve(typeof open === "string" ? open : join(tmpdir(), `headrace-dedupe-${process.pid}.html`));
  const shown = groups.slice(0, maxGroupsOnPage);
  const thumbnail = (place: string): Promise<Uint8Array | null> => pipeline.thumbnail(place);
  await writeOutputFile(page, await duplicatesPage({ collection, groups: shown, more: groups.length - shown.length, thumbnail }));
  openInBrowser(page, { platform: process.platform, isTerminal: process.stdout.isTTY === true, environment: process.env });
  return page;
}

function groupDocument({ keep, others }: DuplicateGroup): object {
  return {
    keep: rowDocument(keep),
    others: others.map(({ score: found, sameContent, ...row }) => ({ ...rowDocument(row), score: found, sameContent })),
  };
}

function rowDocument({ id, source, width, height }: DuplicateRow): object {
  return { id: String(id), source, path: pathOfSource(source), width, height };
}

function table(groups: readonly DuplicateGroup[], collection: string): string {
  const rows = groups.reduce((sum, { others }) => sum + others.length, 0);
  if (groups.length === 0) return `No duplicates in ${collection}.\n`;
  const lines = groups
    .slice(0, maxGroupsShown)
    .flatMap(({ keep, others }) => [
      `    keep  ${rowText(keep)}`,
      ...others.slice(0, maxOthersShown).map((other) => `  ${other.sameContent ? "  same" : other.score.toFixed(4)}  ${rowText(other)}`),
      ...(others.length > maxOthersShown ? [`          and ${counted(others.length - maxOthersShown, "other")}`] : []),
    ]);
  const more =
    groups.length > maxGroupsShown ? [`  and ${counted(groups.length - maxGroupsShown, "group")} more: --json and --open show them`] : [];
  const head = `${counted(groups.length, "group")} in ${collection}: ${counted(rows, "row")} besides those to keep`;
  return `${[head, ...lines, ...more].join("\n")}\n`;
}

function rowText({ source, width, height }: DuplicateRow): string {
  return `${shownSource(source)}  ${width} × ${height}`;
}

function deletionText({ wouldDelete, deleted }: { readonly wouldDelete?: number; readonly deleted?: number }): string {
  if (wouldDelete === undefined || deleted === undefined) return "";
  if (deleted > 0) return `${counted(deleted, "row")} deleted. The files are still there.\n`;
  return `${counted(wouldDelete, "row")} would be deleted. Add --yes to do it.\n`;
}
