/** Shows how far a model is that arrives from a hub: live on a terminal, else one line when it begins. */
import type { FetchProgress } from "../../contracts/index.js";
import type { Terminal } from "./terminal.js";

const redrawMs = 100;

export function fetchProgress(terminal: Terminal): (progress: FetchProgress) => void {
  let startedMs: number | null = null;
  let bytesBefore = 0;
  let drawnMs = 0;
  return ({ model, file, bytes, totalBytes }) => {
    const nowMs = performance.now();
    if (startedMs === null) {
      [startedMs, bytesBefore] = [nowMs, bytes];
      if (bytes < totalBytes) terminal.note(`Fetching ${model}, ${megabytes(totalBytes)} MB. This happens once.`);
    }
    if (!terminal.isLive || nowMs - drawnMs < redrawMs) return;
    drawnMs = nowMs;
    const perSecond = ((bytes - bytesBefore) / Math.max(1, nowMs - startedMs)) * 1000;
    terminal.line(`${megabytes(bytes)}/${megabytes(totalBytes)} MB · ${megabytes(perSecond)} MB/s · ${file}`);
  };
}

export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 1 : 0 });
}
