/** `headrace preprocess`: shows the tensor that the model gets for one image, in numbers and as a picture. */
import type { Command } from "commander";
import type { Preprocessed } from "../../../app/index.js";
import { type CommonOptions, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { writeOutputFile } from "../../terminal/output-file.js";

interface PreprocessOptions extends CommonOptions {
  readonly show?: string;
}

export function preprocessCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("preprocess"))
    .description("show the tensor that the model gets for an image")
    .argument("<image>", "a file")
    .option("--show <out.png>", "write a picture: the image beside what the model sees of it")
    .action(async (image: string, options: PreprocessOptions) => exit(await runPreprocess(image, options)));
}

function runPreprocess(image: string, options: PreprocessOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    const { picture, ...facts } = await pipeline.preprocessImage(image);
    if (options.show !== undefined) await writeOutputFile(options.show, await picture());
    const show = options.show ?? null;
    terminalOf(options).result({ image, ...facts, show }, `${describe(image, facts)}${show === null ? "" : `picture  ${show}\n`}`);
    return exitCodes.ok;
  });
}

function describe(image: string, { original, label, geometry, dtype, shape, min, max, means }: Omit<Preprocessed, "picture">): string {
  return [
    `image    ${image}, ${original.width} x ${original.height}`,
    `by       ${label}`,
    `pixels   ${geometryText(geometry)}`,
    `tensor   ${dtype} [${shape.join(", ")}]`,
    `values   ${min.toFixed(3)} to ${max.toFixed(3)}; means of red, green, blue: ${means.map((mean) => mean.toFixed(3)).join(", ")}`,
    "",
  ].join("\n");
}

function geometryText(geometry: Preprocessed["geometry"]): string {
  const { width, height, filter } = geometry;
  switch (geometry.kind) {
    case "squash":
      return `squashed to ${width} x ${height}, ${filter}`;
    case "crop":
      return `shorter side to ${geometry.shorterSide}, the middle ${width} x ${height} of it, ${filter}`;
    case "letterbox":
      return `fitted into ${width} x ${height} on rgb(${geometry.fill.join(", ")}), ${filter}`;
    default:
      return geometry satisfies never;
  }
}
