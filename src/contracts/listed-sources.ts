/** What a listing says about the sources that a person has named, beside the images in them. */

/** A source that contains images. `root`: what the rows of its images have in the column `root`. */
export type NamedSource =
  /** A folder, or the base folder of a glob. `path` is absolute. `identity`: device and inode of the folder before it was listed. */
  | { readonly kind: "folder" | "glob"; readonly root: string; readonly path: string; readonly identity: string }
  /** A part of a bucket. */
  | { readonly kind: "prefix"; readonly root: string }
  /**
   * A table, an archive, a list or a manifest. `isNamed` is false for a pipe without a name: another pipe may have the same root. `formerRoots`:
   * what earlier versions wrote as the root of the same file.
   */
  | { readonly kind: "container"; readonly root: string; readonly isNamed: boolean; readonly formerRoots: readonly string[] };

/** How a listing proceeds. A source that has begun and not ended was not listed to its end. */
export type SourceEvent =
  | { readonly kind: "begun"; readonly source: NamedSource }
  /** A part of the source cannot be listed. `uri`: of the part. */
  | { readonly kind: "unreadable"; readonly root: string; readonly uri: string }
  | { readonly kind: "ended"; readonly root: string }
  /** Nothing is there under this name. It may have been a source. */
  | { readonly kind: "missing"; readonly root: string };

/** Must be fast and must not throw. */
export type OnSource = (event: SourceEvent) => void;
