import { readFileSync } from 'node:fs';

export type Standard = '5.0' | '3.1.1';

/** A normative statement of a standard, in our words. */
export interface Statement {
  readonly standard: Standard;
  /** As the standard prints it: `MQTT-3.1.2-4`. */
  readonly id: string;
  /** Who is bound by it. */
  readonly side: 'server' | 'client' | 'both';
  readonly area: string;
  readonly statement: string;
  /** Whether it has cases; an excused one cannot have any, for the reason given. */
  readonly status: 'covered' | 'excused';
  readonly reason?: string;
}

const files: Readonly<Record<Standard, string>> = {
  '5.0': 'mqtt5.tsv',
  '3.1.1': 'mqtt311.tsv',
};

/** Every normative statement of a standard, in its order. */
export function readStatements(standard: Standard): readonly Statement[] {
  const file = new URL(`../statements/${files[standard]}`, import.meta.url);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => toStatement(standard, line));
}

function toStatement(standard: Standard, line: string): Statement {
  const [id = '', side = '', area = '', statement = '', status = '', ...more] = line.split('\t');
  const [word, reason] = status.split(/: (.*)/);
  const isKnown =
    /^MQTT-\d/.test(id) &&
    ['server', 'client', 'both'].includes(side) &&
    ['covered', 'excused'].includes(word ?? '') &&
    (word === 'excused') === (reason !== undefined && reason !== '');
  if (!isKnown || area === '' || statement === '' || more.length > 0) {
    throw new TypeError(`not a statement: ${line}`);
  }
  const fields = { standard, id, side, area, statement, status: word } as Statement;
  return reason === undefined ? fields : { ...fields, reason };
}
