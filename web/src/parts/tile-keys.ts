/** Which tile an arrow key leads to. Rows of a justified grid have different lengths, so up and down look at positions. */

interface Box {
  readonly offsetTop: number;
  readonly offsetLeft: number;
  readonly offsetWidth: number;
  readonly offsetParent: Element | null;
}

/** Returns the index of the tile, or null for a key that does not move. */
export function neighbourOf(key: string, tiles: readonly HTMLElement[], index: number): number | null {
  const last = tiles.length - 1;
  switch (key) {
    case "ArrowLeft":
      return Math.max(index - 1, 0);
    case "ArrowRight":
      return Math.min(index + 1, last);
    case "Home":
      return 0;
    case "End":
      return last;
    case "ArrowUp":
    case "ArrowDown":
      return inNextRow(tiles.map(boxOf), index, key === "ArrowUp" ? -1 : 1);
    default:
      return null;
  }
}

function inNextRow(boxes: readonly Box[], index: number, step: -1 | 1): number {
  const from = boxes[index];
  if (from === undefined) return index;
  const centre = from.offsetLeft + from.offsetWidth / 2;
  let [best, distance, row] = [index, Number.POSITIVE_INFINITY, from.offsetTop];
  for (let at = index + step; at >= 0 && at < boxes.length; at += step) {
    const box = boxes[at]!;
    if (box.offsetTop === from.offsetTop) continue;
    if (row === from.offsetTop) row = box.offsetTop;
    if (box.offsetTop !== row) break;
    const away = Math.abs(box.offsetLeft + box.offsetWidth / 2 - centre);
    if (away < distance) [best, distance] = [at, away];
  }
  return best;
}

/** A button lies in its tile, which lies in the grid. */
function boxOf(button: HTMLElement): Box {
  return button.closest<HTMLElement>(".tile") ?? button;
}
