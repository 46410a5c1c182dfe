/** `headrace triton export`: writes a model repository for a Triton server. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { exportTritonModel, type PresetName, presetNames } from "../../../app/index.js";
import { positive } from "../../calls/arguments.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { type OutputOptions, Terminal } from "../../terminal/terminal.js";

interface ExportCommandOptions extends OutputOptions {
  readonly output: string;
  readonly backend: "onnxruntime" | "python";
  readonly instances: number;
  readonly maxBatch: number;
  readonly preferredBatch?: readonly number[];
  readonly model?: string;
  readonly preset?: PresetName;
  readonly ensemble?: boolean;
}

export function tritonCommand(program: Command, exit: (code: ExitCode) => void): void {
  const group = program.command("triton").description("prepare a Triton Inference Server");
  group
    .command("export")
    .description("write a model repository with dynamic batching and warm-up")
    .requiredOption("--output <dir>", "folder of the repository; created if it does not exist")
    .addOption(
      new Option("--backend <name>", "onnxruntime: Triton's ONNX Runtime backend; python: for a server that has only the Python backend")
        .choices(["onnxruntime", "python"])
        .default("onnxruntime"),
    )
    .addOption(new Option("--instances <n>", "copies of the model per device").argParser(positive).default(1))
    .addOption(new Option("--max-batch <n>", "maximum images per execution").argParser(positive).default(64))
    .addOption(
      new Option(
        "--preferred-batch <n,n>",
        "batch sizes that the server prefers (default: 16,32, or --max-batch if that is less than 32)",
      ).argParser(sizes),
    )
    .option("--model <file>", "an ONNX file, or builtin-int8 (default: the shipped model)")
    .addOption(new Option("--preset <name>", "the preprocessing that belongs to --model").choices(presetNames))
    .option("--ensemble", "normalise on the server, so that clients send uint8 to a --model that takes floats")
    .option("--json", "print one JSON document on stdout and nothing else")
    .option("--quiet", "print only results and errors")
    .action(async (options: ExportCommandOptions) => exit(await runExport(options)));
}

async function runExport(options: ExportCommandOptions): Promise<ExitCode> {
  const { modelName, files } = await exportTritonModel({ ...options, serve: options.ensemble === true ? "ensemble" : "model" });
  const text = [
    ...files.map((file) => `${file}\n`),
    `Serve it: tritonserver --model-repository=${options.output}\n`,
    `Use it: headrace ingest … --set triton.model_name=${modelName}\n`,
  ];
  new Terminal(options).result({ modelName, files }, text.join(""));
  return exitCodes.ok;
}

function sizes(text: string): readonly number[] {
  const found = text.split(",").map(Number);
  if (found.every((size) => Number.isInteger(size) && size >= 1)) return found;
  throw new InvalidArgumentError("It must be a list of whole numbers of at least 1, separated by commas.");
}
