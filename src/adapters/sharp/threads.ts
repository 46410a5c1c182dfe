/** Waits for a thread that the system does not give at once, because the limit of the user or of the container is reached. */
import { setTimeout as pause } from "node:timers/promises";
import { isWithoutThread } from "./errors.js";

const pauseMs = 100;
const maxPauses = 100;

/** Calls `work` again while libvips gets no thread, for ten seconds. While decode workers start, the limit may be reached for a moment. */
export async function whenThreadsAreFree<T>(work: () => Promise<T>): Promise<T> {
  for (let pauses = 0; ; pauses += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isWithoutThread(error) || pauses === maxPauses) throw error;
      await pause(pauseMs);
    }
  }
}
