import type { ForeignClient } from './foreign-clients.ts';
import { type Step, steps } from './steps.ts';

/** How one client did with one version over one transport, or why it did not try. */
export interface Row {
  readonly client: ForeignClient;
  readonly version?: 4 | 5;
  readonly transport?: 'tcp' | 'tls';
  readonly played?: readonly Step[];
  /** What went wrong, by the name of the step. */
  readonly failures?: ReadonlyMap<string, string>;
  readonly skipped?: string;
  /** Why it could not be built. */
  readonly broken?: string;
}

function cell({ played, failures }: Row, step: Step): string {
  if (played?.includes(step) !== true) return '-';
  return failures?.has(step.name) === true ? 'FAILED' : 'ok';
}

function table(rows: readonly Row[]): string[][] {
  return [
    ['client', 'language', 'version', 'transport', ...steps.map(({ name }) => name)],
    ...rows.map((row) => [
      `${row.client.name} ${row.played === undefined ? '' : row.client.release()}`.trim(),
      row.client.language,
      row.version === undefined ? '-' : { 4: '3.1.1', 5: '5.0' }[row.version],
      row.transport?.toUpperCase() ?? '-',
      ...steps.map((step) => cell(row, step)),
    ]),
  ];
}

/** Sentences on what is not in the cells. */
function remarks(rows: readonly Row[]): string[] {
  return rows.flatMap(({ client, skipped, broken }) => [
    ...(skipped === undefined ? [] : [`${client.name} was skipped: ${skipped}.`]),
    ...(broken === undefined ? [] : [`${client.name} could not be built: ${broken}`]),
  ]);
}

/** The table for a terminal. */
export function textOf(rows: readonly Row[]): string {
  const cells = table(rows);
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const lines = cells.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...remarks(rows), ''].join('\n');
}

const introduction = `# Foreign clients

Clients that other people wrote, in six languages, against Sluice. Each passes the same [script](../test/interop/script.md), with
3.1.1 and, where it can, 5.0, over TCP and TLS. This page is written by

\`\`\`sh
npm run interop -- --markdown docs/interop.md
\`\`\`

which builds the clients from what the package registries of Python, Go, Rust and Java have, takes \`mosquitto_pub\` and
\`mosquitto_sub\` as they are installed, and runs for a few minutes. A client whose toolchain is missing is skipped, and the page says so.
`;

const explanation = `
- **properties**: 3.1.1 has none.
- **restart**: the broker is killed with SIGKILL and comes back with what LevelDB has.
- **refused publish**: in 5.0 the client is told 0x87 in PUBACK and PUBREC. 3.1.1 cannot say it: the message is acknowledged and dropped.
  - aiomqtt does not hand over what an acknowledgement says; there the step asks only that nobody gets the message.
  - paho-mqtt sends PUBREL even after a PUBREC that refuses, is answered with PUBCOMP 0x92, and hands over that. The standard
    wants PUBREL after reason codes below 0x80 only (MQTT-4.3.3-4).
- mosquitto_sub does not tell whether there was a session: that shows in what was queued. Each of its subscriptions and messages
  is a connection of its own.
`;

/** The page docs/interop.md. */
export function markdownOf(rows: readonly Row[]): string {
  const [head = [], ...body] = table(rows);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const lines = [line(head), line(head.map(() => '---')), ...body.map(line)];
  const skipped = remarks(rows).map((remark) => `- ${remark}\n`);
  return `${introduction}\n${lines.join('\n')}\n${explanation}${skipped.join('')}`;
}
