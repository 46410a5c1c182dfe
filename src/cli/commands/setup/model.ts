/** `headrace model`: tells what a model takes and gives, and how fast it is on this machine; fetches models from a hub, and lists them. */
import type { Command } from "commander";
import { type InspectedModel, type InspectedServer, inspectModel, listPulledModels, pullModel, shippedModels } from "../../../app/index.js";
import type { DeclaredTensor, ModelTensors, TensorSpec } from "../../../contracts/index.js";
import { type CommonOptions, configOf, terminalOf, withCommonOptions } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { fetchProgress, megabytes } from "../../terminal/fetch-progress.js";
import { watchInterrupts } from "../../terminal/interrupts.js";

type Line = readonly [name: string, value: string];

export function modelCommand(program: Command, exit: (code: ExitCode) => void): void {
  const group = program.command("model").description("look at models, and fetch them from a hub");
  withCommonOptions(group.command("inspect"))
    .description("show the inputs, outputs, preprocessing, texts, passport and speed of a model")
    .argument(
      "[target]",
      "an ONNX file, a folder, hf:ORG/NAME, builtin, or a Triton server: host:port/MODEL, host:port lists its models (default: the configured model)",
    )
    .action(async (target: string | undefined, options: CommonOptions) => exit(await runInspect(target, options)));
  withCommonOptions(group.command("pull"))
    .description("fetch a model from a hub, or what is new of it; afterwards it is used without a network")
    .argument("<model>", "hf:ORG/NAME or hf:ORG/NAME@REVISION, such as hf:Xenova/clip-vit-base-patch32")
    .addHelpText("after", variables)
    .action(async (model: string, options: CommonOptions) => exit(await runPull(model, options)));
  withCommonOptions(group.command("list"))
    .description("list the models that ship with Headrace, and those that were fetched to this machine")
    .action(async (options: CommonOptions) => exit(await runList(options)));
}

const variables = `
The precision is that of the setting embedder.precision. The hub's own variables are obeyed:
HF_TOKEN, HF_ENDPOINT for a mirror, HF_HUB_CACHE or HF_HOME for the folder, HF_HUB_OFFLINE.`;

async function runPull(model: string, options: CommonOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  const address = model.startsWith("hf:") ? model : `hf:${model}`;
  const stop = new AbortController();
  const interrupts = watchInterrupts(terminal, () => stop.abort(), "upkeep");
  try {
    const pulled = await pullModel(await configOf(options), address, { onProgress: fetchProgress(terminal), signal: stop.signal });
    terminal.result(pulled, `${pulled.model} (${pulled.precision}, ${megabytes(pulled.bytes)} MB) is in ${pulled.folder}\n`);
    return exitCodes.ok;
  } catch (error) {
    if (!interrupts.wasInterrupted()) throw error;
    terminal.note("What has arrived is kept. The same command continues there.");
    return exitCodes.interrupted;
  } finally {
    interrupts.dispose();
    terminal.clear();
  }
}

async function runList(options: CommonOptions): Promise<ExitCode> {
  const pulled = await listPulledModels(await configOf(options));
  const shipped = shippedModels.map((model) => [model, "ships with Headrace"] as const);
  const fetched = pulled.map(
    ({ model, precision, bytes, commit }) => [model, `${precision}, ${megabytes(bytes)} MB, commit ${commit.slice(0, 7)}`] as const,
  );
  terminalOf(options).result({ shipped: shippedModels, pulled }, aligned([...shipped, ...fetched]));
  return exitCodes.ok;
}

async function runInspect(target: string | undefined, options: CommonOptions): Promise<ExitCode> {
  const found = await inspectModel(await configOf(options), target);
  terminalOf(options).result(found, aligned(found.kind === "model" ? linesOfModel(found) : linesOfServer(found)));
  return exitCodes.ok;
}

function linesOfModel({ images, texts }: InspectedModel): readonly Line[] {
  const { label, tensors, input, dimension, preprocessing, normalize, passport, msPerImage, imagesPerSecond } = images;
  const vectors = `${dimension} numbers${normalize === "l2" ? ", scaled to length 1" : ""}`;
  const speed = `${msPerImage.toFixed(1)} ms for one image, ${imagesPerSecond.toFixed(0)} images/s with full batches`;
  return [
    ["images", label],
    ...tensorLines(tensors),
    ["takes", describeInput(input)],
    ["gives", vectors],
    ["preprocessing", preprocessing],
    ["passport", `cosines between the probe images ${cosinesOf(passport.probes).join(", ")}`],
    ["speed here", `${speed}, without reading and decoding`],
    ...textLines(texts, dimension),
  ];
}

function textLines(texts: InspectedModel["texts"], dimension: number): readonly Line[] {
  if (texts === null) return [["texts", "none: it has no model for texts"]];
  const knows = texts.labels === null ? "any text" : `its ${texts.labels} labels`;
  const fits = texts.dimension === dimension ? "" : `; ${texts.dimension} numbers, so it belongs to another model`;
  return [
    ["texts", `${texts.label}: ${knows}${fits}`],
    ...tensorLines(texts.tensors),
    ["speed here", `${texts.msPerText.toFixed(1)} ms for one text`],
  ];
}

function linesOfServer({ server, models }: InspectedServer): readonly Line[] {
  const lines = models.flatMap(({ name, state, reason, inputs, outputs }): readonly Line[] => [
    ["model", [name, state || "not loaded", reason].filter((part) => part !== "").join("  ")],
    ...inputs.map((tensor): Line => ["  input", describe(tensor)]),
    ...outputs.map((tensor): Line => ["  output", describe(tensor)]),
  ]);
  return [["server", server], ...(lines.length > 0 ? lines : [["models", "none"] as const])];
}

function tensorLines(tensors: ModelTensors | null): readonly Line[] {
  if (tensors === null) return [];
  const { inputs, outputs, embedding } = tensors;
  return [
    ...inputs.map((tensor): Line => ["  input", describe(tensor)]),
    ...outputs.map((tensor): Line => ["  output", `${describe(tensor)}${tensor.name === embedding ? "  (the embedding)" : ""}`]),
  ];
}

function describe({ name, type, shape }: DeclaredTensor): string {
  return `${name} ${type ?? "(no tensor)"} [${shape.join(", ")}]`;
}

function describeInput({ width, height, dtype, layout }: TensorSpec): string {
  return `images of ${width} × ${height} pixels as ${dtype}, ${layout}`;
}

/** Equal for equal models and preprocessing, on any machine. */
function cosinesOf(probes: readonly (readonly number[])[]): readonly string[] {
  return probes.flatMap((a, index) => probes.slice(index + 1).map((b) => cosine(a, b).toFixed(3)));
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const product = a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  return product / (Math.hypot(...a) * Math.hypot(...b));
}

function aligned(lines: readonly Line[]): string {
  const width = Math.max(...lines.map(([name]) => name.length)) + 2;
  return lines.map(([name, value]) => `${name.padEnd(width)}${value}\n`).join("");
}
