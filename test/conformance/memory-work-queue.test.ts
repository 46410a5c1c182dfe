/** The queue of the fakes is a work queue. */
import { memoryQueue, memoryWork } from "../../src/adapters/memory/index.js";
import { workQueueConformance } from "./work-queue.js";

workQueueConformance("memory", async () => ({
  make: async (leaseMs) => {
    const work = memoryWork();
    return {
      connect: async () => memoryQueue({ work, leaseMs }),
      takeAndCrash: async () => {
        const queue = memoryQueue({ work, leaseMs });
        await queue.take({ signal: new AbortController().signal, whenDone: "end" });
        queue.crash();
      },
    };
  },
  close: async () => undefined,
}));
