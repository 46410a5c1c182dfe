/** The part of libheif-js that is loaded. Its own types describe another file. */
declare module "libheif-js/wasm-bundle.js" {
  const libheif: unknown;
  export = libheif;
}
