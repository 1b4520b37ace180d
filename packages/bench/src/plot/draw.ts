import { formatNumber } from '../format.ts';
import { brokersIn, type Chart, describeChart, type Group } from './chart.ts';
import { escaped } from './escaped.ts';
import { LogScale } from './log-scale.ts';

const width = 760;
const left = 150;
/** Room for the figure beside a mark at the right end. */
const right = 70;
const top = 76;
const rowHeight = 17;
const groupGap = 12;
const footer = 46;

/** Shape and colour: neither who sees no colours nor who prints on paper without is left out. */
const shapes: readonly string[] = [
  'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z',
  'M-4.5-4.5h9v9h-9z',
  'M0-6L6 0L0 6L-6 0z',
  'M0-5.5L5.5 4.5H-5.5z',
  'M0 5.5L5.5-4.5H-5.5z',
  'M-6-2h4v-4h4v4h4v4h-4v4h-4v-4h-4z',
];

// Each pair has a contrast of at least 3 to 1 on white and on GitHub's dark page.
const light = ['#0550ae', '#9a3b00', '#1a7f37', '#8250df', '#a40e26', '#57606a'];
const dark = ['#6cb6ff', '#f0883e', '#56d364', '#d2a8ff', '#ff7b72', '#adbac7'];

/** Draws a chart as a file of SVG that is readable on a light and on a dark page. */
export function drawChart(chart: Chart): string {
  const brokers = brokersIn(chart);
  const values = chart.groups.flatMap(({ marks }) => marks.map(({ value }) => value));
  const scale = new LogScale(values, width - left - right);
  const rows: string[] = [];
  let y = top;
  for (const group of chart.groups) {
    rows.push(drawGroup(group, y, brokers, scale));
    y += group.marks.length * rowHeight + groupGap;
  }
  const height = y + footer;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(chart.title)}</title>`,
    `<desc id="desc">${escaped(describeChart(chart))}</desc>`,
    `<style>${style()}</style>`,
    `<text class="head" x="12" y="26">${escaped(chart.title)}</text>`,
    drawLegend(brokers),
    drawAxis(chart.axis, scale, y),
    ...rows,
    '</svg>\n',
  ].join('\n');
}

function drawGroup(group: Group, y: number, brokers: readonly string[], scale: LogScale): string {
  const marks = group.marks.map(({ broker, value, text }, index) => {
    const [x, middle] = [left + scale.position(value), y + index * rowHeight + rowHeight / 2];
    const series = brokers.indexOf(broker) % shapes.length;
    return [
      `<path class="stem" d="M${left} ${middle}H${x}"/>`,
      `<path class="s${series}" transform="translate(${x} ${middle})" d="${shapes[series]}"/>`,
      `<text class="value" x="${x + 11}" y="${middle + 4}">${escaped(text)}</text>`,
    ].join('');
  });
  const middle = y + (group.marks.length * rowHeight) / 2 + 4;
  return `<text class="label" x="${left - 12}" y="${middle}">${escaped(group.label)}</text>${marks.join('')}`;
}

function drawLegend(brokers: readonly string[]): string {
  let x = 18;
  const entries = brokers.map((broker, index) => {
    const series = index % shapes.length;
    const entry = `<path class="s${series}" transform="translate(${x} 48)" d="${shapes[series]}"/><text x="${x + 12}" y="52">${escaped(broker)}</text>`;
    x += 44 + broker.length * 7;
    return entry;
  });
  return entries.join('');
}

function drawAxis(axis: string, scale: LogScale, bottom: number): string {
  const ticks = scale.ticks.map((tick) => {
    const x = left + scale.position(tick);
    return `<path class="grid" d="M${x} ${top - 6}V${bottom}"/><text class="tick" x="${x}" y="${bottom + 16}">${formatTick(tick)}</text>`;
  });
  const middle = left + (width - left - right) / 2;
  return `${ticks.join('')}<text class="tick" x="${middle}" y="${bottom + 36}">${escaped(axis)}</text>`;
}

/** A power of ten as short as it can be: `0.01`, `100`, `10k`, `1M`. */
function formatTick(tick: number): string {
  if (tick >= 1e6) return `${tick / 1e6}M`;
  if (tick >= 1e3) return `${tick / 1e3}k`;
  return tick >= 0.01 ? String(tick) : formatNumber(tick);
}

function style(): string {
  const series = (colours: readonly string[]) =>
    colours.map((colour, index) => `.s${index}{fill:${colour}}`).join('');
  return [
    'text{font:12px system-ui,sans-serif;fill:#1f2328}',
    '.head{font-size:15px;font-weight:600}.label{text-anchor:end;font-weight:600}.tick{text-anchor:middle}',
    '.grid{stroke:#d0d7de}.stem{stroke:#8c959f;stroke-dasharray:1 3}',
    series(light),
    '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#3d444d}.stem{stroke:#768390}',
    `${series(dark)}}`,
  ].join('');
}
