/** What happens to the server during a third of the day. */
import type { Asker } from "./asker.js";
import { canMount, type DayServer } from "./day-server.js";

export interface Sample {
  readonly rssMb: number;
  readonly openFiles: number;
  readonly dataFiles: number;
}

type Event = (server: DayServer) => Promise<unknown>;

const kill: Event = (server) => server.restart("SIGKILL");
const end: Event = (server) => server.restart("SIGTERM");
const nothing: Event = async () => undefined;

/** By the share of the requests. From `calmFrom` on, one process does all that remains. */
const events: readonly (readonly [share: number, event: Event])[] = [
  [0.05, kill],
  [0.1, end],
  [0.14, (server) => server.setModel("slow")],
  [0.16, kill],
  [0.18, (server) => server.setModel("fast")],
  [0.22, canMount ? (server) => server.fillDisk() : nothing],
  [0.26, canMount ? (server) => server.clearDisk() : nothing],
  // What was not answered while the disk was full is over with this process.
  [0.3, kill],
  [0.34, end],
];
const calmFrom = 0.5;
const sampleEveryMs = 500;

/** Returns what the last process used, at equal times. */
export async function third(server: DayServer, asker: Asker, requests: number): Promise<readonly Sample[]> {
  const from = asker.asked;
  for (const [share, event] of events) {
    await asker.after(from + share * requests);
    await event(server);
  }
  await asker.after(from + calmFrom * requests);
  const samples: Sample[] = [];
  const sample = (): void => void samples.push({ ...server.usage(), dataFiles: server.dataFiles().length });
  const timer = setInterval(sample, sampleEveryMs);
  try {
    await asker.after(from + requests);
    sample();
  } finally {
    clearInterval(timer);
  }
  return samples;
}
