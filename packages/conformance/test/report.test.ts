import { type CaseResult, type Outcome, readStatements, toReport } from '@sluice/conformance';
import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../src/command-line.ts';
import { reportFormats } from '../src/report-formats.ts';

function result(name: string, outcome: Outcome, ...ids: readonly string[]): CaseResult {
  return {
    name,
    version: 5,
    outcome,
    ms: 1,
    statements: new Map(ids.map((id) => [id, outcome])),
    ...(outcome !== 'passed' && { message: `because of <${name}>` }),
  };
}

const ping = 'MQTT-3.12.4-1';
const report = toReport([
  result('good', 'passed', ping, 'MQTT-1.5.4-1'),
  result('bad', 'failed', ping),
  result('hidden', 'not observable', 'MQTT-1.5.4-2'),
]);
const outcomes = new Map(report.statements.map((one) => [one.statement.id, one.outcome]));

describe('a report', () => {
  it('has every statement of the standards that were run', () => {
    expect(report.statements.length).toBe(readStatements('5.0').length);
  });

  it('says of a statement the worst that was seen', () => {
    expect(outcomes.get(ping)).toBe('failed');
    expect(outcomes.get('MQTT-1.5.4-1')).toBe('passed');
    expect(outcomes.get('MQTT-1.5.4-2')).toBe('not observable');
    expect(outcomes.get('MQTT-1.5.5-1')).toBe('not run');
  });

  it('is printed as text, JSON and HTML', () => {
    expect(reportFormats.text(report)).toContain('failed: bad (5.0): because of <bad>');
    expect(reportFormats.html(report)).toContain('bad (5.0): because of &lt;bad>');
    const { statements } = JSON.parse(reportFormats.json(report));
    expect(statements).toContainEqual(expect.objectContaining({ id: ping, outcome: 'failed' }));
  });
});

describe('the command line', () => {
  it('has defaults', () => {
    expect(readCommandLine([])).toMatchObject({ port: 1883, versions: [3, 4, 5], report: 'text' });
    expect(readCommandLine(['--tls'])).toMatchObject({ port: 8883 });
    expect(readCommandLine(['--help'])).toBeUndefined();
  });

  it.each([
    [['--version', '6'], '--version must be 3, 4 or 5, not "6"'],
    [['--port', 'x'], '--port must be a whole number above 0, not "x"'],
    [['--report', 'pdf'], '--report must be text, json or html, not "pdf"'],
  ])('refuses %o', (args, message) => {
    expect(() => readCommandLine(args)).toThrow(message);
  });
});
