/** A worker that does what its calls say: for the tests of the pool. */
import { HeadraceError } from "../../src/contracts/index.js";
import { serveWorker } from "../../src/kit/index.js";

export interface EchoSettings {
  /** "refuse": opening fails; "die": the worker ends while it opens; "one works": opening fails in all workers but one. */
  readonly opening: "work" | "refuse" | "die" | "one works";
  /** The first number is set to 1 and notified to let "wait" calls go on. The second counts the workers of "one works". */
  readonly gate: Int32Array;
}

export type EchoRequest = "echo" | "fail" | "die" | "wait";

await serveWorker<EchoSettings, string, EchoRequest, number>(async ({ opening, gate }) => {
  const mayWork = opening !== "one works" || Atomics.add(gate, 1, 1) === 0;
  if (opening === "refuse" || !mayWork) throw new HeadraceError("model_invalid", "the model is a poem");
  if (opening === "die") process.exit(7);
  return {
    ready: "hello",
    handle: async (request, buffer) => {
      if (request === "fail") throw new HeadraceError("inference_failed", "this batch is poison", { item: "a.png" });
      if (request === "die") process.exit(9);
      if (request === "wait") Atomics.wait(gate, 0, 0);
      return { answer: new Uint8Array(buffer)[0]!, transfer: [] };
    },
    close: async () => undefined,
  };
});
