/** Receives signals that the launcher got and forwarded. Used when the command runs as a child process of the launcher. */
export type PassedSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

export interface LauncherSignal {
  readonly signal: PassedSignal;
  /** How many signals of this kind the launcher has got so far. */
  readonly count: number;
}

/** Handles forwarded signals that have no listener in this process: they end this process, as if they had been sent to it directly. */
export function followLauncher(): void {
  const { channel } = process;
  if (channel === undefined || channel === null) return;
  onLauncherSignal(({ signal }) => {
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  });
  // The channel to the launcher must not keep this process alive after the command is done.
  channel.unref();
}

/** Calls `listener` for each signal that the launcher forwards. Returns a function that removes the listener. */
export function onLauncherSignal(listener: (signal: LauncherSignal) => void): () => void {
  const onMessage = (message: unknown): void => listener(message as LauncherSignal);
  process.on("message", onMessage);
  return () => process.off("message", onMessage);
}
