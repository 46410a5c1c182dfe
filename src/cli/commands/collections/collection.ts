/** `headrace collection` and its subcommands create, list, stats, drop and adopt. */
import { type Command, Option } from "commander";
import type { DeletedFile } from "../../../app/index.js";
import { type Alias, type CollectionStats, HeadraceError } from "../../../contracts/index.js";
import { positive } from "../../calls/arguments.js";
import { type CommonOptions, noKeepOption, terminalOf, withCommonOptions, withPipeline, withWriterOptions } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { counted, sizeText } from "../../terminal/printable-text.js";
import { aliasCommands } from "./collection-alias.js";
import { upkeepCommands } from "./collection-upkeep.js";

interface CreateOptions extends CommonOptions {
  readonly dim?: number;
  readonly metric?: "cosine" | "ip" | "l2";
  readonly ids: "text" | "int64";
}

interface DropOptions extends CommonOptions {
  readonly yes?: boolean;
}

export function collectionCommand(program: Command, exit: (code: ExitCode) => void): void {
  const group = program.command("collection").description("create, list and maintain collections");
  withWriterOptions(group.command("create"))
    .description("create an empty collection")
    .argument("<name>")
    .option("--dim <n>", "dimension of the vectors (default: the embedder's)", positive)
    .addOption(new Option("--metric <metric>", "how vectors are compared").choices(["cosine", "ip", "l2"]))
    .addOption(new Option("--ids <type>", "type of the ids").choices(["text", "int64"]).default("text"))
    .action(async (name: string, options: CreateOptions) => exit(await create(name, options)));
  withCommonOptions(group.command("list"))
    .description("list all collections")
    .action(async (options: CommonOptions) => exit(await list(options)));
  withCommonOptions(group.command("stats"))
    .description("show the rows, dimension, metric, index and passport of a collection")
    .argument("<name>")
    .action(async (name: string, options: CommonOptions) => exit(await stats(name, options)));
  withWriterOptions(group.command("drop"))
    .description("delete a collection with all its rows")
    .argument("<name>")
    .addOption(noKeepOption())
    .option("--yes", "confirm")
    .action(async (name: string, options: DropOptions) => exit(await drop(name, options)));
  withWriterOptions(group.command("adopt"))
    .description("record that the configured model made a collection; replaces its passport")
    .argument("<name>")
    .option("--yes", "confirm")
    .action(async (name: string, options: DropOptions) => exit(await adopt(name, options)));
  upkeepCommands(group, exit);
  aliasCommands(group, exit);
}

function create(name: string, options: CreateOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    await pipeline.createCollection(name, {
      idType: options.ids,
      ...(options.dim === undefined ? {} : { dim: options.dim }),
      ...(options.metric === undefined ? {} : { metric: options.metric }),
    });
    const { dimension, metric } = await pipeline.collectionStats(name);
    terminalOf(options).result({ name, count: 0, dimension, metric }, `Created ${name}: ${dimension} dimensions, ${metric}.\n`);
    return exitCodes.ok;
  });
}

function list(options: CommonOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    const [found, aliases] = await Promise.all([pipeline.listCollections(), pipeline.aliases.list()]);
    const collections = found.map((each) => statsDocument(each, aliases));
    const lines = collections.map(
      ({ name, count, dimension, metric, aliases: names }) =>
        `${name}  ${counted(count, "row")}, ${dimension} dimensions, ${metric}${names.length === 0 ? "" : `, alias ${names.join(", ")}`}\n`,
    );
    terminalOf(options).result({ collections }, lines.length === 0 ? "No collections.\n" : lines.join(""));
    return exitCodes.ok;
  });
}

function stats(name: string, options: CommonOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    const [found, aliases, files] = await Promise.all([
      pipeline.collectionStats(name),
      pipeline.aliases.list(),
      pipeline.deletedFiles(name),
    ]);
    const document = { ...statsDocument(found, aliases), deleted: deletedDocument(files) };
    terminalOf(options).result(document, `${statsText(found)}${deletedText(name, document.deleted)}`);
    return exitCodes.ok;
  });
}

function statsDocument(stats: CollectionStats, allAliases: readonly Alias[]) {
  const { name, count, dimension, metric, idType, index, indexedKeys, indexableKeys, passport } = stats;
  const aliases = allAliases.filter(({ collection }) => collection === name).map(({ alias }) => alias);
  const keys = { indexedKeys, indexableKeys };
  return { name, count, dimension, metric, ids: idType, index, ...keys, passport: passport?.labels ?? null, aliases };
}

function statsText({ name, count, dimension, metric, index, indexedKeys, idType, passport }: CollectionStats): string {
  const labels = passport === null ? "unknown" : Object.values(passport.labels).join(", ");
  const keys = indexedKeys.length === 0 ? "" : `  indexes for filters: ${indexedKeys.join(", ")}\n`;
  return `${name}: ${counted(count, "row")}, ${dimension} dimensions, ${metric}, ids ${idType}, index ${index}\n${keys}  made by: ${labels}\n`;
}

/** The files of deleted rows together. `rows` leaves out damaged files. */
function deletedDocument(files: readonly DeletedFile[]) {
  const sum = (of: (file: DeletedFile) => number): number => files.reduce((total, file) => total + of(file), 0);
  const oldest = files.findLast(({ deletedAt }) => deletedAt !== null)?.deletedAt ?? null;
  return { files: files.length, rows: sum(({ rows }) => rows ?? 0), bytes: sum(({ bytes }) => bytes), oldest };
}

function deletedText(name: string, { files, rows, bytes, oldest }: ReturnType<typeof deletedDocument>): string {
  if (files === 0) return "";
  const since = oldest === null ? "" : `, the oldest of ${oldest}`;
  return `  deleted rows: ${counted(rows, "row")} in ${counted(files, "file")} of ${sizeText(bytes)}${since} (headrace restore ${name})\n`;
}

function drop(name: string, options: DropOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    const { count } = await pipeline.collectionStats(name);
    requireYes(options, `drop collection ${name} with its ${counted(count, "row")}`);
    await pipeline.dropCollection(name);
    terminalOf(options).result({ dropped: name, rows: count }, `Dropped ${name} (${counted(count, "row")}).\n`);
    return exitCodes.ok;
  });
}

function adopt(name: string, options: DropOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    requireYes(options, `record that the configured model made ${name}`);
    await pipeline.adoptCollection(name);
    const { passport } = await pipeline.collectionStats(name);
    terminalOf(options).result({ adopted: name, passport: passport?.labels ?? null }, `Adopted ${name}.\n`);
    return exitCodes.ok;
  });
}

/** Throws `usage_invalid` if `--yes` is missing, so that no data is deleted by mistake. */
export function requireYes(options: { readonly yes?: boolean }, what: string): void {
  if (options.yes === true) return;
  throw new HeadraceError("usage_invalid", `${what}: expected --yes, found none`, { hint: "Add --yes to do it." });
}
