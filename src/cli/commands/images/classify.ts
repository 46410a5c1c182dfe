/** `headrace classify`: writes labels into the metadata of stored rows. */
import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import type { ClassifyRequest, LabelCounts } from "../../../app/index.js";
import { HeadraceError } from "../../../contracts/index.js";
import { listed, positive, score } from "../../calls/arguments.js";
import { type CommonOptions, collect, collectionOption, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { runMove } from "../../calls/moves.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { counted } from "../../terminal/printable-text.js";
import { rerunAdvice } from "../../terminal/resume-advice.js";

interface ClassifyOptions extends CommonOptions {
  readonly collection?: string;
  readonly labels?: readonly string[];
  readonly labelsFrom?: string;
  readonly template?: readonly string[];
  readonly templatesFrom?: string;
  readonly head?: string;
  readonly normalize?: true;
  readonly as?: string;
  readonly minScore?: number;
  readonly top?: number;
  readonly filter?: string;
  readonly dryRun?: boolean;
}

const labelsShown = 20;

export function classifyCommand(program: Command, exit: (code: ExitCode) => void): void {
  withWriterOptions(program.command("classify"))
    .description("write the best labels of stored images into their metadata, without embedding them again")
    .addOption(
      new Option("--labels <list>", "labels to choose from, separated by commas (default: all labels of the model)").argParser(listed),
    )
    .addOption(new Option("--labels-from <file>", "labels to choose from, one per line").conflicts("labels"))
    .addOption(
      new Option(
        "--template <sentence>",
        'a sentence with {} for the label, for example: "a photo of a {}"; can be repeated: the mean of all counts',
      ).argParser(collect),
    )
    .addOption(new Option("--templates-from <file>", "such sentences, one per line").conflicts("template"))
    .option("--head <file>", "a small model that takes the stored vectors: ONNX, or a linear layer as .npz")
    .option("--normalize", "scale each vector to length 1 before the head gets it")
    .option("--as <name>", "a name for the labels or the number of the head, for example: style or aesthetic (default: image_label)")
    .option("--min-score <score>", "leave out labels with a lower cosine, or a lower probability of the head", score)
    .option("--top <n>", "number of labels per image, at most 10 (default: 1)", positive)
    .addOption(collectionOption())
    .option("--filter <expression>", "only rows that match")
    .option("--dry-run", "count the labels, but write nothing")
    .action(async (options: ClassifyOptions) => exit(await runClassify(options)));
}

async function runClassify(options: ClassifyOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  const request = await requestOf(options);
  return withPipeline(options, async (pipeline) => {
    const collection = options.collection ?? pipeline.defaultCollection;
    const named = { ...request, collectionName: collection };
    if (options.dryRun === true) {
      const preview = await pipeline.classify(named).preview();
      const summary = `${counted(preview.rows, "row")} in ${collection}: the labels of ${preview.changes} would change. Nothing was written.`;
      terminal.result(
        { dryRun: true, collection, ...preview, labels: documentOf(preview) },
        `${[summary, ...linesOf(preview)].join("\n")}\n`,
      );
      return exitCodes.ok;
    }
    return runMove(
      terminal,
      (hooks) => pipeline.classify({ ...named, ...hooks }).start(),
      (_, report) => ({
        from: collection,
        to: collection,
        more: {
          document: { labels: documentOf(report), unlabelled: report.unlabelled, scores: report.scores },
          lines: linesOf(report),
        },
      }),
      rerunAdvice,
    );
  });
}

async function requestOf(options: ClassifyOptions): Promise<ClassifyRequest> {
  const { labels, labelsFrom, templatesFrom, head, normalize, as, minScore, top, filter } = options;
  const chosen = labelsFrom === undefined ? labels : await linesIn(labelsFrom, "label");
  const template = templatesFrom === undefined ? options.template : await linesIn(templatesFrom, "sentence");
  return {
    ...(chosen === undefined ? {} : { labels: chosen.map((label) => label.trim()) }),
    ...(template === undefined ? {} : { template }),
    ...(head === undefined ? {} : { head }),
    ...(normalize === undefined ? {} : { headVectors: "normalized" }),
    ...(as === undefined ? {} : { as }),
    ...(minScore === undefined ? {} : { minScore }),
    ...(top === undefined ? {} : { top }),
    ...(filter === undefined ? {} : { filter }),
  };
}

async function linesIn(file: string, what: "label" | "sentence"): Promise<readonly string[]> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new HeadraceError("usage_invalid", `labels: ${file}: expected a readable file, found ${(cause as Error).message}`, {
      item: file,
      cause,
    });
  });
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length > 0) return lines;
  throw new HeadraceError("usage_invalid", `labels: ${file}: expected one ${what} per line, found none`, { item: file });
}

function documentOf({ labels }: LabelCounts): object {
  return Object.fromEntries(labels);
}

function linesOf({ labels, unlabelled, scores }: LabelCounts): readonly string[] {
  const shown = labels.slice(0, labelsShown).map(([label, rows]) => `  ${String(rows).padStart(7)}  ${label}`);
  const more = labels.length - shown.length;
  const digits = (value: number) => String(Number(value.toPrecision(4)));
  return [
    ...(scores === null
      ? []
      : [`  ${String(scores.rows).padStart(7)}  from ${digits(scores.lowest)} to ${digits(scores.highest)}, mean ${digits(scores.mean)}`]),
    ...shown,
    ...(more > 0 ? [`  and ${counted(more, "other label")}`] : []),
    ...(unlabelled > 0 ? [`  ${String(unlabelled).padStart(7)}  without a label`] : []),
  ];
}
