/** Writes ONNX models of two nodes, so that tests have models of every kind of input and output. */

type Dimension = number | string;

export interface TinyModel {
  readonly type: "uint8" | "float16" | "float32" | "int64";
  readonly input: readonly Dimension[];
  /** Declared shapes of the outputs by name, in order: all are the mean of each channel, [N, 3]. */
  readonly outputs: Readonly<Record<string, readonly Dimension[]>>;
  /** Of the outputs. Default "float32". */
  readonly outputType?: "float16" | "float32" | "float64";
  /** Name of one more output: the means of each row of each channel, [N, 3, height]. Three patches, for a model without pooling. */
  readonly patches?: { readonly name: string; readonly shape: readonly Dimension[] };
  /** Declares a second input of the same kind, which the outputs ignore. */
  readonly secondInput?: string;
}

const elementTypes = { float32: 1, uint8: 2, int64: 7, float16: 10, float64: 11 } as const;

/** The file's bytes. A four-dimensional input is read as NCHW and averaged over height and width. */
export function tinyOnnx({ type, input, outputs, outputType = "float32", patches, secondInput }: TinyModel): Uint8Array {
  const nodes = [node("Cast", ["images"], "floats", [attribute("to", 1)]), node("GlobalAveragePool", ["floats"], "pooled", [])];
  for (const name of Object.keys(outputs)) {
    nodes.push(node("Flatten", ["pooled"], `${name}, flat`, [attribute("axis", 1)]));
    nodes.push(node("Cast", [`${name}, flat`], name, [attribute("to", elementTypes[outputType])]));
  }
  if (patches !== undefined)
    nodes.push(node("ReduceMean", ["floats"], patches.name, [wholeNumbers("axes", [3]), attribute("keepdims", 0)]));
  const inputs = [valueInfo("images", elementTypes[type], input)];
  if (secondInput !== undefined) inputs.push(valueInfo(secondInput, elementTypes[type], input));
  const graph = [
    ...nodes.map((each) => field(1, each)),
    field(2, text("tiny")),
    ...inputs.map((each) => field(11, each)),
    ...Object.entries(outputs).map(([name, shape]) => field(12, valueInfo(name, elementTypes[outputType], shape))),
    ...(patches === undefined ? [] : [field(12, valueInfo(patches.name, elementTypes.float32, patches.shape))]),
  ].flat();
  const opset = [...field(1, []), ...number(2, 17)];
  return Uint8Array.from([...number(1, 8), ...field(7, graph), ...field(8, opset)]);
}

function node(operator: string, inputs: readonly string[], output: string, attributes: readonly number[][]): number[] {
  return [
    ...inputs.flatMap((name) => field(1, text(name))),
    ...field(2, text(output)),
    ...field(4, text(operator)),
    ...attributes.flatMap((each) => field(5, each)),
  ];
}

function attribute(name: string, value: number): number[] {
  return [...field(1, text(name)), ...number(3, value), ...number(20, 2)];
}

function wholeNumbers(name: string, values: readonly number[]): number[] {
  return [...field(1, text(name)), ...values.flatMap((value) => number(8, value)), ...number(20, 7)];
}

function valueInfo(name: string, elementType: number, shape: readonly Dimension[]): number[] {
  const dimensions = shape.flatMap((size) => field(1, typeof size === "number" ? number(1, size) : field(2, text(size))));
  const tensor = [...number(1, elementType), ...field(2, dimensions)];
  return [...field(1, text(name)), ...field(2, field(1, tensor))];
}

function field(id: number, bytes: readonly number[]): number[] {
  return [...varint((id << 3) | 2), ...varint(bytes.length), ...bytes];
}

function number(id: number, value: number): number[] {
  return [...varint(id << 3), ...varint(value)];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

function text(words: string): number[] {
  return [...new TextEncoder().encode(words)];
}
