/** Lists and reads images in buckets of S3 and of servers with the same interface. */
export { type BucketPart, type KeyRange, listBucket, splitBucket } from "./listing.js";
export { type ObjectLook, type ObjectLooks, openObjectLooks } from "./look.js";
export type { S3Settings } from "./options.js";
export { s3Reader } from "./reader.js";
