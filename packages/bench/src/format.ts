/** A number with three digits that count: `0.062`, `4.5`, `37.7`, `612`, `28k`, `17.4M`; `-` for none. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined) return '-';
  if (value >= 999_500) return `${(value / 1e6).toPrecision(3)}M`;
  if (value >= 9_999.5) return `${Math.round(value / 1e3)}k`;
  if (value >= 99.95) return String(Math.round(value));
  if (value >= 9.995) return value.toFixed(1);
  if (value >= 0.0995) return value.toFixed(2);
  return value.toFixed(3);
}

/** A ratio as people say it: `1/40` or `1/6.5` below a fifth, otherwise `0.55`; `-` for none. */
export function formatRatio(ratio: number | undefined): string {
  if (ratio === undefined) return '-';
  if (ratio === 0 || ratio >= 0.2) return formatNumber(ratio);
  return `1/${ratio < 0.1 ? Math.round(1 / ratio) : (1 / ratio).toFixed(1)}`;
}

/** Microseconds as they are, or as milliseconds from 10,000 on. */
export function formatMicros(micros: number | undefined): string {
  if (micros === undefined) return '-';
  return micros < 10_000 ? `${formatNumber(micros)} µs` : `${formatNumber(micros / 1e3)} ms`;
}

/** Rows of text in columns, the first to the left and the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((text, column) => {
      widths[column] = Math.max(widths[column] ?? 0, text.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((text, column) =>
          column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A Markdown table as Biome formats it: padded, the first column to the left and the others to the right. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const line = (cells: readonly string[]) =>
    `| ${cells
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? text.padEnd(width) : text.padStart(width);
      })
      .join(' | ')} |`;
  return [head, rule, ...rows].map(line).join('\n');
}
