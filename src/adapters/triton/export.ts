/** Writes a model repository that a Triton server can be started on. */
export interface ExportOptions {
  readonly output: string;
}
export async function exportRepository(_options: ExportOptions): Promise<void> {}
