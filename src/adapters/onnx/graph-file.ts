/** Reads from an ONNX file what ONNX Runtime does not show: the nodes of the graph, and its constants. */
import { open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { float16ToFloat32 } from "../../kit/index.js";
import { graphReaderMissing, graphUnreadable } from "./errors.js";

export interface GraphNode {
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly { readonly name: string; readonly i: number }[];
}

/** A constant of the graph as float32 numbers. */
export interface GraphConstant {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface StoredTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly floatData: readonly number[];
  readonly rawData: Uint8Array;
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
}

interface Graph {
  readonly node: readonly GraphNode[];
  readonly initializer: readonly StoredTensor[];
}

/** The part of the ONNX format that Headrace reads. */
const formatText = `
syntax = "proto3";
message ModelProto { GraphProto graph = 7; }
message GraphProto { repeated NodeProto node = 1; repeated TensorProto initializer = 5; }
message NodeProto { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated AttributeProto attribute = 5; }
message AttributeProto { string name = 1; int64 i = 3; }
message StringStringEntryProto { string key = 1; string value = 2; }
message TensorProto {
  repeated int64 dims = 1;
  int32 data_type = 2;
  repeated float float_data = 4;
  string name = 8;
  bytes raw_data = 9;
  repeated StringStringEntryProto external_data = 13;
}`;

/** The number types of constants, by their number in the format. */
const floatsOf: Readonly<Record<number, (bytes: ArrayBuffer) => Float32Array>> = {
  1: (bytes) => new Float32Array(bytes),
  3: (bytes) => Float32Array.from(new Int8Array(bytes)),
  10: (bytes) => float16ToFloat32(new Uint16Array(bytes)),
};

export class GraphFile {
  readonly #path: string;
  readonly #graph: Graph;

  private constructor(path: string, graph: Graph) {
    this.#path = path;
    this.#graph = graph;
  }

  /** Throws `part_missing` without the package protobufjs, and `model_invalid` if the file is not an ONNX file. */
  static async read(path: string): Promise<GraphFile> {
    const { default: protobuf } = await import("protobufjs").catch((cause: unknown) => {
      throw graphReaderMissing(cause);
    });
    const type = protobuf.parse(formatText).root.lookupType("ModelProto");
    const bytes = await readFile(path);
    try {
      const { graph } = type.toObject(type.decode(bytes), { longs: Number, arrays: true, defaults: true }) as { graph: Graph };
      return new GraphFile(path, graph);
    } catch (cause) {
      throw graphUnreadable(path, "an ONNX file", cause);
    }
  }

  get nodes(): readonly GraphNode[] {
    return this.#graph.node;
  }

  /** Returns a constant, also one that the graph stores as float16 or as int8 with scales. Throws `model_invalid` if there is none. */
  async constant(name: string): Promise<GraphConstant> {
    const tensor = this.#graph.initializer.find((each) => each.name === name);
    if (tensor !== undefined) return { shape: tensor.dims, values: await this.#valuesOf(tensor) };
    const node = this.nodes.find(({ output }) => output.includes(name));
    const [source = "", scale = ""] = node?.input ?? [];
    if (node?.opType === "Cast") return this.constant(source);
    if (node?.opType === "DequantizeLinear") return scaled(await this.constant(source), await this.constant(scale));
    throw graphUnreadable(this.#path, `a constant ${name}`);
  }

  async #valuesOf(tensor: StoredTensor): Promise<Float32Array> {
    const convert = floatsOf[tensor.dataType];
    if (convert === undefined) throw graphUnreadable(this.#path, `${tensor.name} of float32, float16 or int8`);
    if (tensor.externalData.length > 0) return convert(await this.#externalBytes(tensor));
    if (tensor.rawData.byteLength === 0) return Float32Array.from(tensor.floatData);
    return convert(Uint8Array.from(tensor.rawData).buffer);
  }

  async #externalBytes({ externalData }: StoredTensor): Promise<ArrayBuffer> {
    const { location = "", offset = "0", length = "0" } = Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
    const bytes = new Uint8Array(Number(length));
    await using file = await open(join(dirname(this.#path), location));
    const { bytesRead } = await file.read(bytes, 0, bytes.byteLength, Number(offset));
    if (bytesRead !== bytes.byteLength) throw graphUnreadable(this.#path, `${length} bytes at ${offset} of ${location}`);
    return bytes.buffer;
  }
}

/** Multiplies each row of quantized weights with its scale. The weights are symmetric: their zero point is 0. */
function scaled({ shape, values }: GraphConstant, { values: scales }: GraphConstant): GraphConstant {
  const rowLength = values.length / (shape[0] ?? 1);
  return { shape, values: values.map((value, index) => value * scales[scales.length === 1 ? 0 : Math.floor(index / rowLength)]!) };
}
