/** The `s3` section of the configuration. This file does not import the AWS client. */
import * as z from "zod";

export const s3Section = z.strictObject({
  endpoint: z
    .string()
    .regex(/^https?:\/\/[^/@\s]+(\/[^@\s]*)?$/, "expected a URL such as https://minio.example.com:9000, without user and password")
    .nullable()
    .default(null)
    .describe("URL of a server other than AWS, such as MinIO. null: AWS, or AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL."),
  region: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("Region of the buckets. null: AWS_REGION, the profile in ~/.aws/config, or else us-east-1."),
  pathStyle: z
    .boolean()
    .nullable()
    .default(null)
    .describe("Whether URLs have the bucket in the path, not in the host name. null: true if there is an `endpoint`."),
  anonymous: z.boolean().default(false).describe("Read public buckets without credentials."),
  profile: z.string().min(1).nullable().default(null).describe("Profile in ~/.aws. null: AWS_PROFILE, or else the default profile."),
  maxRetries: z.int().min(0).default(6).describe("Retries per request after a lost connection, status 429 or 500 and above."),
  timeout: z
    .number()
    .positive("expected a number of seconds above 0")
    .default(60)
    .describe("Maximum seconds that a request may receive nothing."),
});

export type S3Settings = z.output<typeof s3Section>;
