/** Types for the functions of picomatch that this adapter uses. The package itself has no types. */
declare module "picomatch" {
  function picomatch(glob: string): (path: string) => boolean;
  namespace picomatch {
    function scan(glob: string): { readonly isGlob: boolean; readonly base: string; readonly glob: string };
  }
  export = picomatch;
}
