/** How far an upload is, and which photos are in its way. */
import { useWords } from "../language/language.js";
import type { PhotoUpload } from "../service/photo-upload.js";
import { mebibytes } from "./run-text.js";

export interface UploadStateProps {
  readonly upload: PhotoUpload;
  readonly sentBytes: number;
}

const namedPhotos = 5;

export function UploadState({ upload: { totalBytes, refused }, sentBytes }: UploadStateProps) {
  const words = useWords();
  return (
    <>
      <label class="sent">
        <progress max={totalBytes} value={sentBytes} />
        {words.pipeline.newRun.sent(mebibytes(sentBytes), mebibytes(totalBytes))}
      </label>
      {refused.length > 0 && (
        <div class="refused">
          <p>{words.pipeline.newRun.refused(refused.length)}</p>
          <ul>
            {refused.slice(0, namedPhotos).map(({ name, webkitRelativePath, size }, index) => (
              <li key={index}>
                {webkitRelativePath || name} <span class="muted">{mebibytes(size)}</span>
              </li>
            ))}
          </ul>
          {refused.length > namedPhotos && <p class="muted">{words.pipeline.newRun.moreRefused(refused.length - namedPhotos)}</p>}
        </div>
      )}
    </>
  );
}
