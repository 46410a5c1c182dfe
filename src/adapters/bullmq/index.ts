/** A work queue on Redis or Valkey, with BullMQ. */

export { queueNames } from "./names.js";
export { type BullmqQueueOptions, bullmqQueue } from "./work-queue.js";
