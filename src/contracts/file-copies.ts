/** What readers are told: how an image is read into memory, and how a file that is too large for memory is copied to the disk. */

/** What a caller says about the image that it reads. */
export interface ReadOptions {
  /** A larger image fails with `source_too_large`. */
  readonly maxBytes: number;
  /**
   * For readers of other machines. Called before the image arrives, once per attempt. `bytes`: its size if that is known, otherwise `maxBytes`.
   * The reader waits for the promise, because the caller may have no memory for the image yet. Default: the image is read at once.
   */
  readonly admit?: (bytes: number) => Promise<void>;
}

/** The copy on the disk. */
export interface CopyTarget {
  /** Number of bytes that are written. After a lost connection, the reader may continue here instead of at the beginning. */
  readonly writtenBytes: number;
  /**
   * Called before the first byte, and again if the file is sent from its beginning again: forgets what was written. `sizeBytes`: null if it is
   * unknown. Waits for room on the disk. Throws `source_too_large`.
   */
  begin(sizeBytes: number | null): Promise<void>;
  /** Appends bytes. Waits for room on the disk. Throws `source_too_large` and `disk_full`. */
  write(bytes: Uint8Array): Promise<void>;
}

export interface CopyOptions {
  /** Nothing is copied if the source still has this version. null: the file is copied. */
  readonly storedVersion: string | null;
  /** The size that the source told with the version. A source that tells another size has changed, whatever its version. null: unknown. */
  readonly storedSizeBytes: number | null;
  /**
   * The size of a file that never changes at its address. The reader then asks for what follows after `target.writtenBytes` alone, also if an
   * earlier process has written these bytes. The caller checks the whole. Default: the reader asks for the rest if it knows the file's ETag.
   */
  readonly fixedSizeBytes?: number;
  /** The time for the whole file. Then the copy fails with `timed_out`. */
  readonly timeoutMs: number;
}

/** What is known about a copied file. */
export interface CopiedVersion {
  /** See `Encoded.version`. */
  readonly version: string | null;
  /** The size that the source tells, of the file as it is sent. null: it tells none. */
  readonly sizeBytes: number | null;
}
