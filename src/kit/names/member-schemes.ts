/** The schemes of images inside a file. They name the format of the file. */
export const memberSchemes = ["tar", "tgz", "zip", "parquet"] as const;
export type MemberScheme = (typeof memberSchemes)[number];
