/** What to do when the system does not allow as many decode workers as wanted. */
export const shortageHint =
  "Allow the process more threads (the pids limit of the container, ulimit -u) and memory, or lower async_pipeline.preprocess_workers.";
