/** Reads the last layer of a classifier. Each row of its weights is the direction of one class in the space of the embeddings. */
import type { Vectors } from "../../contracts/index.js";
import { graphUnreadable } from "./errors.js";
import { GraphFile, type GraphNode } from "./graph-file.js";

/** `embedding` is the output that the last layer takes. Returns one vector per class, in the order of the classes. Throws `model_invalid`. */
export async function readClassVectors(modelPath: string, embedding: string): Promise<Vectors> {
  const graph = await GraphFile.read(modelPath);
  const layer = graph.nodes.find(({ opType, input }) => opType === "Gemm" && input[0] === embedding);
  if (layer === undefined || !hasRowPerClass(layer))
    throw graphUnreadable(modelPath, `a last layer that takes ${embedding}, with a row per class`);
  const { shape, values } = await graph.constant(layer.input[1]!);
  return { dimension: shape[1]!, values };
}

function hasRowPerClass({ attribute }: GraphNode): boolean {
  return attribute.some(({ name, i }) => name === "transB" && i === 1);
}
