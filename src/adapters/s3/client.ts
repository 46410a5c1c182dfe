/** Makes the AWS client from the settings. Credentials come from the usual variables, ~/.aws, or the role of the machine. */
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { packageMissing } from "./errors.js";
import type { S3Settings } from "./options.js";

type Sdk = typeof import("@aws-sdk/client-s3");

export interface S3Access {
  readonly sdk: Sdk;
  readonly client: S3Client;
}

/** The client asks for credentials even if no request is signed. */
const unsigned: Pick<S3ClientConfig, "credentials" | "signer"> = {
  credentials: { accessKeyId: "", secretAccessKey: "" },
  signer: { sign: async (request) => request },
};

const fallbackRegion = "us-east-1";

export async function openS3(settings: S3Settings): Promise<S3Access> {
  const sdk = await import("@aws-sdk/client-s3").catch(packageMissing);
  const { endpoint, region, pathStyle, anonymous, profile, maxRetries, timeout } = settings;
  const config: S3ClientConfig = {
    maxAttempts: maxRetries + 1,
    followRegionRedirects: true,
    requestHandler: { requestTimeout: timeout * 1000, connectionTimeout: timeout * 1000, socketTimeout: timeout * 1000 },
    // Servers with the same interface do not all know the checksums that AWS has added.
    responseChecksumValidation: "WHEN_REQUIRED",
    forcePathStyle: pathStyle ?? hasEndpoint(endpoint),
    ...(endpoint === null ? {} : { endpoint }),
    ...(profile === null ? {} : { profile }),
    ...(region === null ? {} : { region }),
    ...(anonymous ? unsigned : {}),
  };
  const client = new sdk.S3Client(config);
  if (region !== null) return { sdk, client };
  const isKnown = await client.config.region().then(
    () => true,
    () => false,
  );
  if (isKnown) return { sdk, client };
  client.destroy();
  return { sdk, client: new sdk.S3Client({ ...config, region: fallbackRegion }) };
}

function hasEndpoint(endpoint: string | null): boolean {
  return endpoint !== null || process.env["AWS_ENDPOINT_URL_S3"] !== undefined || process.env["AWS_ENDPOINT_URL"] !== undefined;
}
