/** Types for the functions of yauzl that this adapter uses. The package itself has no types. */
declare module "yauzl" {
  namespace yauzl {
    interface Entry {
      readonly fileNameRaw: Buffer;
      readonly extraFields: readonly { readonly id: number; readonly data: Buffer }[];
      readonly generalPurposeBitFlag: number;
      readonly compressionMethod: number;
      readonly compressedSize: number;
      readonly uncompressedSize: number;
      readonly relativeOffsetOfLocalHeader: number;
      readonly externalFileAttributes: number;
      isEncrypted(): boolean;
    }
    interface ZipFile {
      eachEntry(): AsyncIterable<Entry>;
      close(): void;
    }
    interface Options {
      readonly lazyEntries: true;
      readonly autoClose: false;
      readonly decodeStrings: false;
      readonly validateEntrySizes: false;
    }
    function openPromise(path: string, options: Options): Promise<ZipFile>;
    function getFileNameLowLevel(flags: number, name: Buffer, extraFields: Entry["extraFields"], strictFileNames: boolean): string;
  }
  export = yauzl;
}
