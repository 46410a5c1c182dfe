/** Signals that reached the launcher, told to the command that is its child. */
export type PassedSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

export interface LauncherSignal {
  readonly signal: PassedSignal;
  /** How many of them the launcher got since it began. */
  readonly count: number;
}

/** A signal that nothing here listens for ends this process, as if it had been sent here; so does the end of the launcher itself. */
export function hearLauncher(): void {
  const { channel } = process;
  if (channel === undefined || channel === null) return;
  onLauncherSignal(({ signal }) => {
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  });
  process.on("disconnect", () => {
    if (process.listenerCount("SIGTERM") === 0) process.kill(process.pid, "SIGTERM");
    else process.emit("SIGTERM", "SIGTERM");
  });
  // The channel must not keep a command alive that is done.
  channel.unref();
}

/** Returns what takes the listener away. */
export function onLauncherSignal(listener: (signal: LauncherSignal) => void): () => void {
  const onMessage = (message: unknown): void => listener(message as LauncherSignal);
  process.on("message", onMessage);
  return () => process.off("message", onMessage);
}
