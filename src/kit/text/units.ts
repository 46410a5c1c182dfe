/** Number of bytes in a mebibyte. Settings whose names end with `_mb` are in mebibytes. */
export const mebibyte = 2 ** 20;
