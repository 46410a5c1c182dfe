/** Receives from the launcher the signals that it got, in the command that runs as its child. */
export type PassedSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

export interface LauncherSignal {
  readonly signal: PassedSignal;
  /** How many of these signals the launcher has got so far. */
  readonly count: number;
}

/** Ends this process at a signal that nothing listens for, as if the signal had been sent here. The end of the launcher acts as SIGTERM. */
export function followLauncher(): void {
  const { channel } = process;
  if (channel === undefined || channel === null) return;
  onLauncherSignal(({ signal }) => {
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  });
  process.on("disconnect", () => {
    if (process.listenerCount("SIGTERM") === 0) process.kill(process.pid, "SIGTERM");
    else process.emit("SIGTERM", "SIGTERM");
  });
  // The channel must not keep the process alive after the command is done.
  channel.unref();
}

/** Returns a function that removes the listener. */
export function onLauncherSignal(listener: (signal: LauncherSignal) => void): () => void {
  const onMessage = (message: unknown): void => listener(message as LauncherSignal);
  process.on("message", onMessage);
  return () => process.off("message", onMessage);
}
