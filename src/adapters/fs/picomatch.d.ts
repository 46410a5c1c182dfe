/** Types of the functions of picomatch that are used here. The package has no types. */
declare module "picomatch" {
  function picomatch(glob: string): (path: string) => boolean;
  namespace picomatch {
    function scan(glob: string): { readonly isGlob: boolean; readonly base: string; readonly glob: string };
  }
  export = picomatch;
}
