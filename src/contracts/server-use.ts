/** How much the servers of a model have computed. */

/** What the servers of an embedder have counted so far. The difference between two readings shows what the model did in between. */
export interface ServerUse {
  /** When the counts were read, in milliseconds of `performance.now()`. */
  readonly atMs: number;
  /** Images that the model has embedded, for all clients. */
  readonly images: number;
  /** Time in which instances of the model computed, added up over all instances and servers. */
  readonly computeMs: number;
  /** Number of instances of the model that can compute at the same time. */
  readonly instances: number;
  /** How busy the GPUs of the servers are now, from 0 to 1. null: the servers report no GPU. */
  readonly gpuShare: number | null;
}
