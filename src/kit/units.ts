/** Bytes per mebibyte, the unit of settings that end with `_mb`. */
export const mebibyte = 2 ** 20;
