/** The data of a page that is saved as one file, as the scripts of the page read it. */
import type { Metadata } from "../../contracts/index.js";

export type SavedData = SavedSearch | SavedDuplicates;

export interface SavedSearch {
  readonly kind: "search";
  readonly collection: string;
  readonly query: {
    /** The query's name for people. */
    readonly label: string;
    readonly isImage: boolean;
    readonly picture: string | null;
  };
  /** Empty: none. */
  readonly filter: string;
  /** Nearest first. */
  readonly hits: readonly SavedImage[];
}

export interface SavedDuplicates {
  readonly kind: "duplicates";
  readonly collection: string;
  readonly groups: readonly SavedGroup[];
  /** Number of groups that the page leaves out. */
  readonly more: number;
}

export interface SavedGroup {
  /** The one to keep first. */
  readonly images: readonly SavedImage[];
  /** Number of images that the page leaves out. */
  readonly more: number;
}

export interface SavedImage {
  readonly id: string;
  readonly source: string;
  readonly width: number;
  readonly height: number;
  /** Absent: not known. */
  readonly metadata?: Metadata;
  readonly score?: number;
  /** Says more than the score. null: the score says it. */
  readonly mark: "kept" | "same" | null;
  /** Address that a browser can open without running a script; null: there is none. */
  readonly link: string | null;
  /** A small JPEG in base64; null when the image does not exist any more or cannot be decoded. */
  readonly picture: string | null;
}
