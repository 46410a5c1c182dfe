/** One file that arrives in parts: its bytes so far, and who may write now. */
import { type FileHandle, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileError, mebibyte, within } from "../../kit/index.js";
import { Refused } from "../wire/problems.js";
import { readRecord, type UploadRecord, writeRecord } from "./upload-record.js";

const recordName = "upload.json";
/** After a crash, at most so many bytes are sent again. */
const bytesPerRecord = 16 * mebibyte;
/** How long a request waits for the end of an earlier one, whose connection it has closed. */
const maxWaitMs = 10_000;

/** Who reads or writes now. */
interface Turn {
  readonly ending: AbortController;
  /** Settles when this turn and all earlier ones have ended. Never rejects. */
  readonly ended: Promise<unknown>;
}

export class Upload {
  readonly folder: string;
  #record: UploadRecord;
  #turn: Turn | null = null;
  #isDeleted = false;

  private constructor(folder: string, record: UploadRecord) {
    this.folder = folder;
    this.#record = record;
  }

  /** `folder` exists and is empty. */
  static async create(folder: string, record: UploadRecord): Promise<Upload> {
    const upload = new Upload(folder, record);
    try {
      await writeFile(upload.dataPath, "", { mode: 0o600, flag: "wx" });
    } catch (cause) {
      throw fileError(cause, upload.dataPath, "written");
    }
    await writeRecord(upload.#recordPath, record);
    return upload;
  }

  /** Opens the upload of an earlier server. */
  static async read(folder: string): Promise<Upload | "none" | "damaged"> {
    const record = await readRecord(join(folder, recordName));
    return typeof record === "string" ? record : new Upload(folder, record);
  }

  get record(): UploadRecord {
    return this.#record;
  }

  get isComplete(): boolean {
    return this.#record.offsetBytes === this.#record.lengthBytes;
  }

  /** Whether a request reads or writes it now. */
  get isInUse(): boolean {
    return this.#turn !== null;
  }

  get dataPath(): string {
    return join(this.folder, "data");
  }

  get #recordPath(): string {
    return join(this.folder, recordName);
  }

  /**
   * Runs `work` while nobody else writes. An earlier request is ended first, because its client has most likely lost the connection. The signal
   * fires when a later request wants the turn. Throws `upload_busy` if the earlier request does not end, and `upload_not_found` once it is deleted.
   */
  async inTurn<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.#turn;
    before?.ending.abort();
    const ending = new AbortController();
    const working = (async () => {
      if (before !== null && (await within(before.ended, maxWaitMs)) === "late") throw new Refused("upload_busy");
      if (this.#isDeleted) throw new Refused("upload_not_found");
      return work(ending.signal);
    })();
    const turn: Turn = { ending, ended: Promise.allSettled([before?.ended, working]) };
    this.#turn = turn;
    void turn.ended.then(() => {
      if (this.#turn === turn) this.#turn = null;
    });
    return working;
  }

  /**
   * Writes what comes, until the end of `chunks` or until `signal` fires. What was written counts, also after an error. Call it in turn. Throws
   * `upload_offset_wrong` and `body_too_large`.
   */
  async append(offsetBytes: number, chunks: Readable, expiresAt: () => string, signal: AbortSignal): Promise<void> {
    const { lengthBytes } = this.#record;
    if (offsetBytes !== this.#record.offsetBytes) {
      throw new Refused("upload_offset_wrong", `Upload-Offset: expected ${this.#record.offsetBytes}, found ${offsetBytes}.`);
    }
    const end = (): void => void chunks.destroy();
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    const file = await open(this.dataPath, "r+").catch((cause: unknown) => {
      throw fileError(cause, this.dataPath, "written");
    });
    let at = offsetBytes;
    const save = async (): Promise<void> => {
      await file.datasync();
      await this.#save({ ...this.#record, offsetBytes: at, expiresAt: expiresAt() });
    };
    try {
      // The connection stays, so that the client gets the answer.
      for await (const chunk of chunks.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (at + chunk.byteLength > lengthBytes) {
          throw new Refused("body_too_large", `body: expected the ${lengthBytes} bytes of Upload-Length, found more.`, closing);
        }
        await this.#write(file, chunk, at);
        at += chunk.byteLength;
        if (at - this.#record.offsetBytes >= bytesPerRecord) await save();
      }
    } finally {
      signal.removeEventListener("abort", end);
      try {
        if (at > this.#record.offsetBytes) await save();
      } finally {
        await file.close();
      }
    }
  }

  /** Ends the request that reads or writes now. Resolves when none does. */
  async interrupt(): Promise<void> {
    this.#turn?.ending.abort();
    await this.#turn?.ended;
  }

  /** Call it in turn. */
  async delete(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    this.#isDeleted = true;
  }

  async #write(file: FileHandle, chunk: Buffer, at: number): Promise<void> {
    try {
      for (let done = 0; done < chunk.byteLength; ) {
        done += (await file.write(chunk, done, chunk.byteLength - done, at + done)).bytesWritten;
      }
    } catch (cause) {
      throw fileError(cause, this.dataPath, "written");
    }
  }

  async #save(record: UploadRecord): Promise<void> {
    await writeRecord(this.#recordPath, record);
    this.#record = record;
  }
}

const closing = { headers: { connection: "close" } };
