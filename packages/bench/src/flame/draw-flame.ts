import { escaped } from '../plot/escaped.ts';
import type { Frame } from './profile.ts';

const width = 1_000;
const rowHeight = 17;
const top = 60;
/** Narrower frames are left out: nobody could see them. */
const minPixels = 1;
const pixelsPerLetter = 6.6;

const colours: ReadonlyMap<string, readonly [light: string, dark: string]> = new Map([
  ['core', ['#ffd8a8', '#7a4a12']],
  ['packet', ['#c3e6b5', '#2f5d2a']],
  ['matcher', ['#d9c7f5', '#4b3a75']],
  ['server', ['#bcdcf7', '#1f4b70']],
  ['node', ['#dfe3e8', '#3a424c']],
]);
const otherColours = ['#f5c2cb', '#6d2f3c'] as const;

/** Draws a flame graph: what stands on a function was called by it, and the width is the share of the processor time. */
export function drawFlame(all: Frame, title: string): string {
  const owners = new Set<string>();
  const boxes: string[] = [];
  let deepest = 0;
  const draw = (frame: Frame, x: number, depth: number): void => {
    const pixels = (frame.micros / all.micros) * width;
    if (pixels < minPixels) return;
    deepest = Math.max(deepest, depth);
    owners.add(frame.owner);
    boxes.push(box(frame, x, depth, pixels, frame.micros / all.micros));
    let left = x;
    const children = [...frame.children.values()].sort((a, b) => b.micros - a.micros);
    for (const child of children) {
      draw(child, left, depth + 1);
      left += (child.micros / all.micros) * width;
    }
  };
  draw(all, 0, 0);
  const height = top + (deepest + 1) * rowHeight + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escaped(title)}</title>`,
    `<style>${style([...owners])}</style>`,
    `<text class="head" x="8" y="22">${escaped(title)}</text>`,
    legend([...owners]),
    ...boxes,
    '</svg>\n',
  ].join('\n');
}

function box(
  { name, owner }: Frame,
  x: number,
  depth: number,
  pixels: number,
  share: number,
): string {
  const y = top + depth * rowHeight;
  const letters = Math.floor((pixels - 6) / pixelsPerLetter);
  const label = name.length <= letters ? name : `${name.slice(0, Math.max(0, letters - 1))}…`;
  return [
    `<g><title>${escaped(`${name} (${owner}), ${(share * 100).toFixed(1)} %`)}</title>`,
    `<rect class="${classOf(owner)}" x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.5, pixels - 0.5).toFixed(1)}" height="${rowHeight - 1}"/>`,
    letters < 3 ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escaped(label)}</text>`,
    '</g>',
  ].join('');
}

function legend(owners: readonly string[]): string {
  let x = 8;
  return owners
    .map((owner) => {
      const entry = `<rect class="${classOf(owner)}" x="${x}" y="36" width="12" height="12"/><text x="${x + 17}" y="46">${escaped(owner)}</text>`;
      x += 34 + owner.length * 7;
      return entry;
    })
    .join('');
}

function style(owners: readonly string[]): string {
  const fills = (index: 0 | 1) =>
    owners
      .map((owner) => `.${classOf(owner)}{fill:${(colours.get(owner) ?? otherColours)[index]}}`)
      .join('');
  return [
    'text{font:11px ui-monospace,monospace;fill:#1f2328}.head{font:600 15px system-ui,sans-serif}',
    fills(0),
    `@media(prefers-color-scheme:dark){text{fill:#e6edf3}${fills(1)}}`,
  ].join('');
}

function classOf(owner: string): string {
  return `of-${owner.replaceAll(/[^a-z0-9-]/g, '-')}`;
}
