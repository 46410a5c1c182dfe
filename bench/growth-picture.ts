/** Draws measured values against the number of rows, as an SVG that can be read on light and on dark pages. */

/** One diagram of the picture. All diagrams have the same axis of rows. */
export interface GrowthPanel {
  readonly title: string;
  /** Pairs of rows and value, in ascending order of rows. */
  readonly points: readonly (readonly [number, number])[];
  /** What was promised, as a dashed line. */
  readonly promise: { readonly value: number; readonly text: string };
}

const frame = { width: 720, left: 64, right: 40, top: 50, panelHeight: 150, panelGap: 52, bottom: 44 } as const;
const pointsPerDecade = 8;

const style = `
  .page { fill: #ffffff } .title { fill: #1f2328; font-weight: 600 } .text { fill: #59636e } .grid { stroke: #d8dee4 }
  .line { stroke: #0b62c4; fill: none; stroke-width: 2; stroke-linejoin: round } .dot { fill: #0b62c4; stroke: #ffffff; stroke-width: 2 }
  .value { fill: #1f2328; stroke: #ffffff; stroke-width: 3; paint-order: stroke } .promise { stroke: #b3541e; stroke-dasharray: 5 4 } .promised { fill: #b3541e }
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif } .title { font-size: 14px }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .title, .value { fill: #f0f6fc } .value { stroke: #0d1117 } .text { fill: #9198a1 } .grid { stroke: #2f363e }
    .line { stroke: #58a6ff } .dot { fill: #58a6ff; stroke: #0d1117 } .promise { stroke: #e3935b } .promised { fill: #e3935b }
  }
`;

/** Returns the picture: the panels one below the other. */
export function growthPicture(title: string, panels: readonly GrowthPanel[]): string {
  const rows = panels.flatMap(({ points }) => points.map(([at]) => at));
  const axis = new RowAxis(Math.min(...rows), Math.max(...rows));
  const height = frame.top + panels.length * (frame.panelHeight + frame.panelGap) + frame.bottom - frame.panelGap + 20;
  const drawn = panels.map((panel, index) => drawPanel(panel, axis, frame.top + 20 + index * (frame.panelHeight + frame.panelGap)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${frame.width} ${height}" width="${frame.width}" height="${height}" role="img">
<title>${title}</title>
<style>${style}</style>
<rect class="page" width="${frame.width}" height="${height}" rx="6"/>
<text class="title" x="${frame.left}" y="26">${title}</text>
${drawn.join("\n")}
<text class="text" x="${frame.width - frame.right}" y="${height - 10}" text-anchor="end">rows in the collection, logarithmic</text>
</svg>
`;
}

/** Returns those of the moments whose numbers of rows are about equally far apart on a logarithmic axis. */
export function logSpaced<T extends { readonly rows: number }>(moments: readonly T[]): readonly T[] {
  const step = ({ rows }: T): number => Math.floor(Math.log10(rows) * pointsPerDecade + 1e-9);
  const last = moments.at(-1);
  return moments.filter((moment, index) => index === 0 || moment === last || step(moment) > step(moments[index - 1]!));
}

/** The logarithmic axis of rows. */
class RowAxis {
  constructor(
    readonly least: number,
    readonly most: number,
  ) {}

  /** 1, 3, 10, 30 … thousand. */
  get ticks(): readonly number[] {
    const decades = Array.from({ length: 9 }, (_, power) => 10 ** power);
    return decades.flatMap((decade) => [decade, 3 * decade]).filter((tick) => tick >= this.least && tick <= this.most);
  }

  x(rows: number): number {
    const share = this.least === this.most ? 0.5 : Math.log(rows / this.least) / Math.log(this.most / this.least);
    return rounded(frame.left + share * (frame.width - frame.left - frame.right));
  }
}

function drawPanel({ title, points, promise }: GrowthPanel, axis: RowAxis, top: number): string {
  const highest = Math.max(promise.value, ...points.map(([, value]) => value)) * 1.1;
  const step = niceStep(highest / 4);
  const steps = Math.ceil(highest / step);
  const y = (value: number): number => rounded(top + frame.panelHeight * (1 - value / (step * steps)));
  const [left, right] = [frame.left, frame.width - frame.right];
  const lines = Array.from({ length: steps + 1 }, (_, count) => count).map(
    (count) =>
      `<path class="grid" d="M${left} ${y(count * step)}H${right}"/><text class="text" x="${left - 8}" y="${y(count * step) + 4}" text-anchor="end">${shown(count * step)}</text>`,
  );
  const ticks = axis.ticks.map(
    (tick) => `<text class="text" x="${axis.x(tick)}" y="${top + frame.panelHeight + 16}" text-anchor="middle">${shown(tick)}</text>`,
  );
  const path = points.map(([at, value], index) => `${index === 0 ? "M" : "L"}${axis.x(at)} ${y(value)}`).join("");
  const dots = points.map(
    ([at, value]) =>
      `<circle class="dot" cx="${axis.x(at)}" cy="${y(value)}" r="4"><title>${shown(at)} rows: ${shown(value)}</title></circle>`,
  );
  const values = [points[0]!, points.at(-1)!].map(
    ([at, value], index) =>
      `<text class="value" x="${axis.x(at)}" y="${y(value) - 9}" text-anchor="${index === 0 ? "start" : "end"}">${shown(value)}</text>`,
  );
  return [
    `<text class="title" x="${left}" y="${top - 12}">${title}</text>`,
    ...lines,
    ...ticks,
    `<path class="promise" d="M${left} ${y(promise.value)}H${right}"/>`,
    `<text class="promised" x="${right}" y="${top - 12}" text-anchor="end">– – ${promise.text}</text>`,
    `<path class="line" d="${path}"/>`,
    ...dots,
    ...values,
  ].join("\n");
}

/** Rounds down to 1, 2 or 5 times a power of ten. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([5, 2].find((factor) => factor * power <= step) ?? 1);
}

function shown(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 20 ? 1 : 0 });
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
