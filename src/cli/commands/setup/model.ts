/** `headrace model inspect`: tells what a model takes and gives, and how fast it is on this machine. */
import type { Command } from "commander";
import { type InspectedModel, type InspectedServer, inspectModel } from "../../../app/index.js";
import type { DeclaredTensor, ModelTensors, TensorSpec } from "../../../contracts/index.js";
import { type CommonOptions, configOf, terminalOf, withCommonOptions } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

type Line = readonly [name: string, value: string];

export function modelCommand(program: Command, exit: (code: ExitCode) => void): void {
  const group = program.command("model").description("look at models");
  withCommonOptions(group.command("inspect"))
    .description("show the inputs, outputs, preprocessing, texts, passport and speed of a model")
    .argument(
      "[target]",
      "an ONNX file, a folder, builtin, or a Triton server: host:port/MODEL, host:port lists its models (default: the configured model)",
    )
    .action(async (target: string | undefined, options: CommonOptions) => exit(await runInspect(target, options)));
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
