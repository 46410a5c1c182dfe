/**
 * Recognizes the end of a tar archive: two null blocks or more, up to the end of a record. A file whose missing part was filled with zeros, as
 * some programs leave a download that broke off, also ends with null blocks, but with more of them than a record explains.
 */
export const blockBytes = 512;
/** The end mark has at least this many null blocks. */
const markBlocks = 2;
/** Writers fill the last record with null blocks. A record usually has 10 KiB. */
const usualRecordBlocks = 20;
/** Sizes of larger records, up to 1 MiB. An archive is a whole number of records. */
const largerRecordBlocks = [32, 64, 128, 256, 512, 1024, 2048];

/**
 * Returns null if the null blocks at the end of an archive are an end mark, else what is wrong with them. `archiveBytes`: size of the archive
 * with these blocks.
 */
export function endMarkProblem(nullBlocks: number, archiveBytes: number): string | null {
  if (nullBlocks < markBlocks) return `expected an end mark of ${markBlocks} null blocks, found ${nullBlocks}`;
  if (fillsRecord(nullBlocks, Math.floor(archiveBytes / blockBytes))) return null;
  return `expected the end mark of the archive, found ${nullBlocks * blockBytes} null bytes, which is more than fills a record`;
}

function fillsRecord(nullBlocks: number, archiveBlocks: number): boolean {
  const filling = nullBlocks - markBlocks;
  return filling < usualRecordBlocks || largerRecordBlocks.some((record) => filling < record && archiveBlocks % record === 0);
}
