/** How many writes a run sends to the store at the same time. */

export interface WriteWidths {
  readonly writers: number;
  /** Number of batches that each writer has at the same time. More than one for a store that writes waiting batches together. */
  readonly batchesPerWriter: number;
}
