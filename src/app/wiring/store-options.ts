/** What the opening of a pipeline says about its store. */
export interface StoreOptions {
  /** See `OpenOptions`. */
  readonly onLockHeld?: ((message: string) => void) | undefined;
}
