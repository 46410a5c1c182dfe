/** What every reader must do, wherever the bytes are. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type ErrorCode, HeadraceError, type ImageRef, type Reader } from "../../src/contracts/index.js";

/** What a reader may be excused from, by name. */
export type ReaderInability =
  /** Its sources never change under the same name. */
  | "change"
  /** It cannot refuse: nothing is forbidden there. */
  | "forbid";

/** A reader, and the hand that puts things where it reads. */
export interface ReaderBench {
  readonly reader: Reader;
  /** Puts an image there and names it. A second time under the same name replaces it. */
  put(name: string, bytes: Uint8Array): Promise<ImageRef>;
  /** A ref to nothing. */
  missing(): ImageRef;
  /** A ref that may not be read, and how to read it as one who may not. */
  forbidden?(): Promise<{ readonly ref: ImageRef; readonly attempt: <T>(work: () => Promise<T>) => Promise<T> }>;
  dispose(): Promise<void>;
}

export interface ReaderConformanceOptions {
  readonly cannot?: readonly ReaderInability[];
}

const plenty = { maxBytes: 64 * 1024 * 1024 };

/** Declares the tests. `make` is called once. */
export function readerConformance(name: string, make: () => Promise<ReaderBench>, { cannot = [] }: ReaderConformanceOptions = {}): void {
  describe(`reader: ${name}`, () => {
    let bench: ReaderBench;
    const never = new AbortController().signal;
    const read = (ref: ImageRef, options = plenty, signal = never) => bench.reader.read(ref, options, signal);
    const excused = (inability: ReaderInability) => ({ skip: cannot.includes(inability) && `cannot ${inability}` });

    before(async () => {
      bench = await make();
      await bench.reader.open?.(never);
    });
    after(async () => {
      await bench.reader.close?.();
      await bench.dispose();
    });

    test("says which schemes it reads, those of its refs among them", async () => {
      const ref = await bench.put("scheme.jpg", bytesOf(10));
      assert.ok(bench.reader.schemes.includes(ref.scheme));
    });

    for (const length of [0, 1, 1000, 65_536, 5 * 1024 * 1024 + 1])
      test(`gives exactly the ${length} bytes that are there`, async () => {
        const bytes = bytesOf(length);
        const encoded = await read(await bench.put(`length-${length}.jpg`, bytes));
        assert.equal(encoded.bytes.byteLength, length);
        assert.equal(hash(encoded.bytes), hash(bytes));
      });

    test("gives every reading bytes of its own, or bytes that nobody writes to", async () => {
      const bytes = bytesOf(100);
      const ref = await bench.put("own.jpg", bytes);
      const [first, second] = [await read(ref), await read(ref)];
      if (first.bytes.buffer === second.bytes.buffer) assert.equal(hash(first.bytes), hash(bytes));
      else {
        first.bytes.fill(0);
        assert.equal(hash(second.bytes), hash(bytes));
      }
    });

    test("gives the same version as long as nothing changes", async () => {
      const ref = await bench.put("same.jpg", bytesOf(10));
      const [first, second] = [await read(ref), await read(ref)];
      assert.ok(first.version !== null);
      assert.equal(second.version, first.version);
    });

    test("gives other bytes another version, of the same length too", excused("change"), async () => {
      const before = await read(await bench.put("changes.jpg", bytesOf(10)));
      const ref = await bench.put("changes.jpg", bytesOf(10).fill(7));
      assert.ok(before.version !== null);
      const now = await read(ref);
      assert.notEqual(now.version, before.version);
      assert.equal(now.bytes[0], 7);
    });

    test("takes an image of the limit's size and refuses one more byte", async () => {
      const ref = await bench.put("limit.jpg", bytesOf(1000));
      const encoded = await read(ref, { maxBytes: 1000 });
      assert.equal(encoded.bytes.byteLength, 1000);
      await assert.rejects(read(ref, { maxBytes: 999 }), code("source_too_large"));
    });

    test("says what is not there, for that item alone", async () => {
      await assert.rejects(read(bench.missing()), code("source_not_found"));
    });

    test("says what may not be read", excused("forbid"), async () => {
      assert.ok(bench.forbidden, "the bench must offer a forbidden ref, or the reader be excused");
      const { ref, attempt } = await bench.forbidden();
      await assert.rejects(
        attempt(() => read(ref)),
        code("source_forbidden"),
      );
    });

    test("does not read once the signal has fired", async () => {
      const ref = await bench.put("stopped.jpg", bytesOf(1000));
      await assert.rejects(read(ref, plenty, AbortSignal.abort()), code("aborted"));
    });

    test("reads many at once", async () => {
      const refs = await Promise.all(Array.from({ length: 20 }, (_, index) => bench.put(`many-${index}.jpg`, bytesOf(1000 + index))));
      const sizes = await Promise.all(
        refs.map(async (ref) => {
          const encoded = await read(ref);
          return encoded.bytes.byteLength;
        }),
      );
      assert.deepEqual(
        sizes,
        refs.map((_, index) => 1000 + index),
      );
    });
  });
}

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function code(expected: ErrorCode) {
  return (error: unknown) => {
    assert.ok(HeadraceError.is(error), `expected ${expected}, found ${String(error)}`);
    assert.equal(error.code, expected);
    return true;
  };
}
