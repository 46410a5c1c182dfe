/** The part of picomatch that the glob uses; the package ships no types. */
declare module "picomatch" {
  function picomatch(glob: string): (path: string) => boolean;
  namespace picomatch {
    function scan(glob: string): { readonly isGlob: boolean; readonly base: string; readonly glob: string };
  }
  export = picomatch;
}
