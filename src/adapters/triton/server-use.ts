/** Reads from the servers how busy the model and the GPUs are. */
import { performance } from "node:perf_hooks";
import type { ServerUse } from "../../contracts/index.js";
import type { Link } from "./link.js";
import { type Address, authorityOf } from "./transport/address.js";

interface Server {
  readonly address: Address;
  readonly link: Link;
}

/** Triton's default port for metrics belongs to its default ports for HTTP and gRPC. */
const defaultMetricsPort = 8002;
const defaultPorts = [8000, 8001];

/** null: no server counts the model's executions. Throws when a server does not answer. */
export async function serverUse(servers: readonly Server[], metricsPort: number | null, signal: AbortSignal): Promise<ServerUse | null> {
  const [counts, gpuShares] = await Promise.all([
    Promise.all(servers.map(({ link }) => link.connection.statistics(signal))),
    Promise.all(servers.map(({ address }) => gpuShareOf(address, metricsPort, signal))),
  ]);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const computeMs = sum(counts.map((count) => count.computeMs));
  if (computeMs === 0) return null;
  const shares = gpuShares.filter((share) => share !== null);
  return {
    atMs: performance.now(),
    images: sum(counts.map(({ images }) => images)),
    computeMs,
    instances: sum(servers.map(({ link }) => link.description.instances)),
    gpuShare: shares.length === 0 ? null : sum(shares) / shares.length,
  };
}

/** null: the server has no metrics there, or no GPU. */
async function gpuShareOf({ host, port }: Address, metricsPort: number | null, signal: AbortSignal): Promise<number | null> {
  const at = metricsPort ?? (defaultPorts.includes(port) ? defaultMetricsPort : null);
  if (at === null) return null;
  try {
    const answer = await fetch(`http://${authorityOf({ host, port: at })}/metrics`, { signal });
    return answer.ok ? gpuShareIn(await answer.text()) : null;
  } catch {
    return null;
  }
}

/** Returns the mean of `nv_gpu_utilization` over the GPUs in a text of metrics. */
export function gpuShareIn(metrics: string): number | null {
  const shares = [...metrics.matchAll(/^nv_gpu_utilization(?:\{[^}]*\})? ([\d.e+-]+)/gm)]
    .map(([, value]) => Number(value))
    .filter(Number.isFinite);
  return shares.length === 0 ? null : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
