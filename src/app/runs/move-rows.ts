/** Copies and imports collections without embedding. */
import { HeadraceError, type RowSource } from "../../contracts/index.js";
import {
  type CopyPreview,
  type CopyTarget,
  copy,
  inspectCopyTarget,
  openCopyTarget,
  previewCopy,
  restoreRows,
} from "../../operations/index.js";
import { type CollectionAddress, labelOf } from "../collections/addresses.js";
import { closed, closedOnError } from "../lifetimes/closing.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { openRowFile } from "../wiring/registry.js";
import { limitOf, type MoveOptions, type MoveRun, moveInto, signalOf } from "./move-run.js";
import { openOrigin } from "./row-origin.js";

/**
 * Which collection of a configured store to copy, and into which collection. A second call continues a stopped copy. A target that does not
 * fit is refused with `passport_mismatch`, `passport_missing`, `dimension_mismatch` or `collection_exists`.
 */
export interface CopyRequest extends MoveOptions {
  readonly from: CollectionAddress;
  /** The target collection. Created if it does not exist. */
  readonly to: CollectionAddress;
}

/** Which file to import, and into which collection. */
export interface ImportRequest extends MoveOptions {
  /** Path of a `.parquet` or `.npy` file. */
  readonly file: string;
  /** The target collection. Created if it does not exist. */
  readonly to: CollectionAddress;
  /** "keep": rows whose ids the collection has already stay as they are, and count as skipped. Default "replace". */
  readonly existing?: "replace" | "keep";
}

/** What a copy or an import would do. */
export interface MovePreview extends CopyPreview {
  /** True when the target collection does not exist and would be created. */
  readonly creates: boolean;
}

export async function startCopy(parts: PipelineParts, request: CopyRequest): Promise<MoveRun> {
  const { origin, target } = await resolveCopy(parts, request);
  return startMove(parts, origin, target, request);
}

export async function previewOfCopy(parts: PipelineParts, request: CopyRequest): Promise<MovePreview> {
  const { origin, target } = await resolveCopy(parts, request);
  return previewMove(origin, target, request);
}

export async function startImport(parts: PipelineParts, request: ImportRequest): Promise<MoveRun> {
  const target = await copyTargetOf(parts, request.to, request);
  const origin = await openRowFile(request.file);
  return request.existing === "keep" ? startFilling(parts, origin, target, request) : startMove(parts, origin, target, request);
}

export async function previewOfImport(parts: PipelineParts, request: ImportRequest): Promise<MovePreview> {
  const target = await copyTargetOf(parts, request.to, request);
  return previewMove(await openRowFile(request.file), target, request);
}

function startMove(parts: PipelineParts, origin: RowSource, at: CopyTarget, request: MoveOptions): Promise<MoveRun> {
  return closedOnError([origin], async () => {
    const target = await openCopyTarget(at, origin, signalOf(request));
    return moveInto(parts, { origin, target, at, request }, async (plan) =>
      copy({ ...plan, lookups: (await target.isEmpty(signalOf(request))) ? "omit" : "include" }),
    );
  });
}

function startFilling(parts: PipelineParts, origin: RowSource, at: CopyTarget, request: MoveOptions): Promise<MoveRun> {
  return closedOnError([origin], async () => {
    const target = await openCopyTarget(at, origin, signalOf(request));
    const otherWriters = at.store.maxWriters > 1 ? "possible" : "none";
    return moveInto(parts, { origin, target, at, request }, (plan) => restoreRows({ ...plan, otherWriters }));
  });
}

async function previewMove(origin: RowSource, at: CopyTarget, request: MoveOptions): Promise<MovePreview> {
  const signal = signalOf(request);
  return closed([origin], async () => {
    const target = await inspectCopyTarget(at, origin, signal);
    return closed(target === null ? [] : [target], async () => ({
      ...(await previewCopy({ origin, ...limitOf(request) }, target, signal)),
      creates: target === null,
    }));
  });
}

async function resolveCopy(
  parts: PipelineParts,
  request: CopyRequest,
): Promise<{ readonly origin: RowSource; readonly target: CopyTarget }> {
  const [from, to] = [labelOf(request.from, parts.storeKind), labelOf(request.to, parts.storeKind)];
  if (from === to) {
    throw new HeadraceError("usage_invalid", `copy: expected two different collections, found ${from} twice`, {
      hint: "Give the copy another name.",
    });
  }
  return { target: await copyTargetOf(parts, request.to, request), origin: await openOrigin(parts, request.from, request) };
}

async function copyTargetOf(parts: PipelineParts, address: CollectionAddress, request: MoveOptions): Promise<CopyTarget> {
  return { store: await parts.store(signalOf(request), address.store), name: address.collection, label: labelOf(address, parts.storeKind) };
}
