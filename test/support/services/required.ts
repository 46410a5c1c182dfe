/** What a test does when a real server cannot be had: with CI=true it fails, else it is skipped by name. */

/** For a test's `skip`: false when `install` works, else the reason. Throws it with CI=true. */
export async function skipUnless(service: string, install: () => Promise<unknown>): Promise<string | false> {
  try {
    await install();
    return false;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (process.env["CI"] === "true") throw new Error(`${service} is needed with CI=true, and is not there: ${reason}`, { cause: error });
    return `${service} is not there: ${reason}`;
  }
}
