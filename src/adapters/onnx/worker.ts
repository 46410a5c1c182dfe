/** The code of a worker thread. The thread has one ONNX Runtime session, and runs one batch at a time. */
import { getPriority, setPriority } from "node:os";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { DeclaredTensor } from "../../contracts/index.js";
import { float16ToFloat32, serveWorker, type WorkerAnswer, type WorkerService } from "../../kit/index.js";
import { fromRunError, modelUnloadable, runtimeMissing } from "./errors.js";
import { pooled } from "./pooling.js";
import type { InferenceAnswer, InferenceRequest, ModelDeclaration, SessionSettings } from "./protocol.js";

/** ONNX Runtime takes float16 numbers as their bits. */
const arrays = { uint8: Uint8Array, float16: Uint16Array, float32: Float32Array, int32: Int32Array, int64: BigInt64Array } as const;

type Runtime = typeof import("onnxruntime-node");

await serveWorker(openSession);

async function openSession(settings: SessionSettings): Promise<WorkerService<ModelDeclaration, InferenceRequest, InferenceAnswer>> {
  standBack(settings.niceness);
  const runtime = await loadRuntime();
  const session = await load(runtime, settings);
  return {
    ready: { inputs: session.inputMetadata.map(declare), outputs: session.outputMetadata.map(declare) },
    handle: (request, buffer) => infer(runtime, session, settings.modelPath, request, buffer),
    close: () => session.release(),
  };
}

/** On Linux, a priority belongs to a thread, and threads that it starts inherit it. Elsewhere it would belong to the whole process. */
function standBack(niceness: number): void {
  if (process.platform === "linux" && niceness > getPriority()) setPriority(niceness);
}

async function loadRuntime(): Promise<Runtime> {
  // If the global Float16Array exists (Node 24), onnxruntime-node 1.30 uses it for float16 tensors, and then ignores their bytes.
  Reflect.deleteProperty(globalThis, "Float16Array");
  try {
    return await import("onnxruntime-node");
  } catch (error) {
    throw runtimeMissing(error);
  }
}

async function load(runtime: Runtime, { modelPath, threads }: SessionSettings): Promise<InferenceSession> {
  try {
    return await runtime.InferenceSession.create(modelPath, { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 });
  } catch (error) {
    throw modelUnloadable(modelPath, error);
  }
}

async function infer(
  runtime: Runtime,
  session: InferenceSession,
  modelPath: string,
  request: InferenceRequest,
  buffer: ArrayBuffer,
): Promise<WorkerAnswer<InferenceAnswer>> {
  try {
    const outputs = await session.run(feedsOf(runtime, request, buffer), [request.outputName]);
    const output = outputs[request.outputName]!;
    const answer = pooled(toFloat32(output), output.dims, request.pooling);
    return { answer, transfer: [answer.values.buffer as ArrayBuffer] };
  } catch (error) {
    throw fromRunError(modelPath, request.inputs[0]!.shape[0]!, error);
  }
}

function feedsOf(runtime: Runtime, { inputs }: InferenceRequest, buffer: ArrayBuffer): Record<string, Tensor> {
  let offset = 0;
  const feeds = inputs.map(({ name, dtype, shape }) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const numbers = new arrays[dtype](buffer, offset, count);
    offset += numbers.byteLength;
    return [name, new runtime.Tensor(dtype, numbers, shape)] as const;
  });
  return Object.fromEntries(feeds);
}

/** Returns a float32 copy of the output. ONNX Runtime owns the memory of the output, so the output itself must not go to another thread. */
function toFloat32(output: Tensor): Float32Array<ArrayBuffer> {
  const { data } = output;
  if (output.type === "float16") {
    const { buffer, byteOffset, length } = data as Uint16Array;
    return new Float32Array(float16ToFloat32(new Uint16Array(buffer, byteOffset, length)));
  }
  return Float32Array.from(data as Float32Array);
}

function declare(metadata: InferenceSession.ValueMetadata): DeclaredTensor {
  const { name } = metadata;
  return metadata.isTensor ? { name, type: metadata.type, shape: metadata.shape } : { name, type: null, shape: [] };
}
