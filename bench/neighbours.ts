/** What else a server has to do while clients search: an ingestion, or requests whose images come late. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { withComment } from "./commented-jpeg.js";
import type { PreparedClient } from "./prepared-client.js";

/** Resolves when the server works for the neighbour. `stop` ends that, and tells how many images the neighbour got done. */
export type Neighbour = () => Promise<{ readonly stop: () => Promise<number> }>;

interface JobBeside {
  readonly client: PreparedClient;
  readonly photos: readonly Buffer[];
  /** Where the images of the jobs are made. The server may read it. */
  readonly folder: string;
  readonly collection: string;
}

/** More than a fast machine ingests during the searches. */
const imagesOfJob = 3_000;

/** Each job ingests other images. Throws if it ends before it is stopped. */
export function jobBeside({ client, photos, folder, collection }: JobBeside): Neighbour {
  let jobs = 0;
  return async () => {
    const seq = jobs++;
    const source = join(folder, String(seq));
    await mkdir(source);
    for (let index = 0; index < imagesOfJob; index += 1) {
      const photo = photos[index % photos.length] ?? Buffer.alloc(0);
      await writeFile(join(source, `${index}.jpg`), withComment(photo, `job ${seq}, image ${index}`));
    }
    const { id } = await client.post<{ readonly id: string }>("/v1/jobs", { collection, sources: [source] });
    const stateOf = async (): Promise<string> => (await client.get<{ readonly state: string }>(`/v1/jobs/${id}`)).state;
    const rows = async (): Promise<number> => (await client.get<{ readonly count: number }>(`/v1/collections/${collection}/count`)).count;
    const rowsBefore = await rows();
    while ((await rows()) === rowsBefore) {
      if ((await stateOf()) === "failed") throw new Error(`the job ${id} has failed`);
      await delay(50);
    }
    const begun = await rows();
    return {
      stop: async () => {
        const stored = (await rows()) - begun;
        const state = await stateOf();
        if (state !== "running") throw new Error(`the job was ${state} before the searches had ended`);
        await client.post(`/v1/jobs/${id}/cancel`, {});
        while (["running", "stopping"].includes(await stateOf())) await delay(50);
        await rm(source, { recursive: true });
        return stored;
      },
    };
  };
}

interface SlowUrlsBeside {
  /** Where searches are sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** URLs of images that come late. */
  readonly images: readonly string[];
  readonly atOnce: number;
}

/** So many searches by URL at the same time, all the time. A refused one is sent again when its answer says so. */
export function slowUrlsBeside({ url, headers, images, atOnce }: SlowUrlsBeside): Neighbour {
  return async () => {
    const leaving = new AbortController();
    const { signal } = leaving;
    let [answered, next] = [0, 0];
    const search = async (): Promise<void> => {
      while (!signal.aborted) {
        const body = JSON.stringify({ url: images[next++ % images.length] });
        const answer = await fetch(url, { method: "POST", body, signal, headers: { ...headers, "content-type": "application/json" } });
        await answer.arrayBuffer();
        if (answer.status === 503) await delay(Number(answer.headers.get("retry-after")) * 1000, undefined, { signal });
        else if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
        else answered += 1;
      }
    };
    const untilGone = (error: Error): void => {
      if (error.name !== "AbortError") throw error;
    };
    const searching = Promise.all(Array.from({ length: atOnce }, () => search().catch(untilGone)));
    // Until the server waits for them.
    await Promise.race([delay(1_000), searching]);
    return {
      stop: async () => {
        leaving.abort();
        await searching;
        return answered;
      },
    };
  };
}
