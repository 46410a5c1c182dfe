/** Units of memory. */

/** Bytes of a mebibyte, which is what settings that end with `_mb` count. */
export const mebibyte = 2 ** 20;
