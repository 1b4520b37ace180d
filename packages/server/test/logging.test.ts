import { EventEmitter } from 'node:events';
import type { BrokerEvents } from '@sluice/core';
import type { Client } from '@sluice/plugin';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LogLevel } from '../src/config.ts';
import { LogBudget } from '../src/log-budget.ts';
import { logEvents } from '../src/log-events.ts';
import { createLogger, openLog } from '../src/logging.ts';
import { printable } from '../src/printable.ts';
import { readableLines } from '../src/readable-lines.ts';

const connection = {
  id: 'c1',
  transport: 'tcp',
  remoteAddress: '203.0.113.9',
  remotePort: 5_000,
  listener: undefined,
  certificateName: undefined,
  request: undefined,
};

function clientNamed(clientId: string): Client {
  return {
    clientId,
    userName: 'ann\u009b31m',
    identity: 'ann',
    attributes: {},
    protocolVersion: 5,
    connection,
  };
}

function eventsAt(level: LogLevel): { broker: EventEmitter<BrokerEvents>; lines: string[] } {
  const lines: string[] = [];
  const broker = new EventEmitter<BrokerEvents>();
  logEvents(broker, createLogger(level, { write: (line) => void lines.push(line) }));
  return { broker, lines };
}

describe('the log', () => {
  it('is one JSON object a line, level as a word and time in ISO form', () => {
    const lines: string[] = [];
    createLogger('info', { write: (line) => void lines.push(line) }).info({ a: 1 }, 'hello');
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      a: 1,
      msg: 'hello',
    });
  });

  it('tells of clients at debug, and escapes what they call themselves', () => {
    const { broker, lines } = eventsAt('debug');
    const client = clientNamed('a\nb\u001b[2J\u0085\u202e"');
    broker.emit('connected', { client, sessionPresent: true });
    broker.emit('disconnected', {
      client,
      by: 'network',
      reasonCode: 0,
      error: new Error('reset'),
      traffic: {
        durationMs: 1,
        bytesReceived: 2,
        bytesSent: 3,
        messagesReceived: 4,
        messagesSent: 5,
      },
    });
    broker.emit('disconnected', {
      client,
      by: 'broker',
      reasonCode: 0x95,
      error: undefined,
      traffic: {
        durationMs: 1,
        bytesReceived: 2,
        bytesSent: 3,
        messagesReceived: 4,
        messagesSent: 5,
      },
    });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 'debug',
        clientId: 'a\\u000ab\\u001b[2J\\u0085\\u202e"',
        userName: 'ann\\u009b31m',
        remote: '203.0.113.9 port 5000',
        protocolVersion: 5,
        sessionPresent: true,
        msg: 'client connected',
      },
      { by: 'network', reason: 'reset', msg: 'client disconnected' },
      { by: 'broker', reasonCode: 0x95, reason: 'packet too large', msg: 'client disconnected' },
    ]);
    expect(lines.join('').replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
  });

  it('tells of refusals at info and of errors at error, not of clients', () => {
    const { broker, lines } = eventsAt('info');
    broker.emit('connected', { client: clientNamed('a'), sessionPresent: false });
    broker.emit('refused', {
      connection,
      clientId: 'a\n',
      reasonCode: 0x84,
      message: 'version 9',
    });
    broker.emit('error', new Error('disk full'));
    broker.emit('recovered', { failedForMs: 1_234.5, attempts: 7 });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 'info',
        clientId: 'a\\u000a',
        reasonCode: 0x84,
        reason: 'version 9',
        msg: 'connection refused',
      },
      { level: 'error', err: { message: 'disk full' } },
      { level: 'warn', failedForMs: 1235, attempts: 7 },
    ]);
  });

  it('has no more than the beginning of a long name: a stranger may send 64 KB of one', () => {
    const { broker, lines } = eventsAt('debug');
    const clientId = 'x\u0001'.repeat(30_000);
    broker.emit('refused', { connection, clientId, reasonCode: 0x85, message: 'too long' });
    broker.emit('connected', { client: clientNamed(clientId), sessionPresent: false });
    expect(lines.map((line) => line.length < 2_500)).toEqual([true, true]);
    expect(JSON.parse(lines[0] ?? '').clientId).toMatch(/^x\\u0001x.*\.\.\.$/);
  });

  it('cannot be flooded by those who are refused', () => {
    const { broker, lines } = eventsAt('info');
    for (let count = 0; count < 1_000; count += 1) {
      broker.emit('refused', { connection, clientId: undefined, reasonCode: 0x84, message: 'no' });
    }
    expect(lines.length).toBeLessThanOrEqual(60);
  });
});

it('takes lines after its end, and leaves them out', async () => {
  const { logger, end } = openLog('error');
  await end();
  expect(() => logger.error('a second signal')).not.toThrow();
});

it('goes nowhere when its terminal is gone', () => {
  const { stdout } = process;
  const { isTTY } = stdout;
  onTestFinished(() => {
    stdout.isTTY = isTTY;
    stdout.removeAllListeners('error');
  });
  stdout.isTTY = true;
  openLog('error');
  expect(() => stdout.emit('error', new Error('write EIO'))).not.toThrow();
});

it('says how many lines a budget left out', () => {
  const lines: string[] = [];
  let now = 5_000;
  const logger = createLogger('info', { write: (line) => void lines.push(line) });
  const budget = new LogBudget(logger, 2, () => now);
  expect([budget.take(), budget.take(), budget.take(), budget.take()]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(lines).toEqual([]);
  now = 6_000;
  expect(budget.take()).toBe(true);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', lines: 2 });
});

/** What a terminal obeys or what turns text around: NUL, bell, escape, DEL, the C1 form of CSI, bidi marks and overrides, line separators. */
const hostile = 'x\u0000\u0007\r\n\u001b[2J\u007f\u009b2J\u061c\u200f\u202e\u2066\u2028y';
const obeyed = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

describe.each(['JSON', 'lines for people'])('hostile names in %s', (form) => {
  it('reach no terminal as they are, in whatever field they come', () => {
    let text = '';
    const out = { write: (line: string) => (text += line) };
    const logger = createLogger('debug', form === 'JSON' ? out : readableLines(out));
    const broker = new EventEmitter<BrokerEvents>();
    logEvents(broker, logger);
    const { clientId, ...rest } = clientNamed(hostile);
    const from = { ...connection, remoteAddress: hostile };
    const client = { ...rest, clientId, userName: hostile, connection: from };
    broker.emit('connected', { client, sessionPresent: false });
    broker.emit('refused', {
      connection: from,
      clientId: hostile,
      reasonCode: 0x85,
      message: hostile,
    });
    broker.emit(
      'error',
      new Error(`The topic ${hostile} is not valid`, { cause: new Error(hostile) }),
    );
    logger.info({ topic: hostile, nested: { deep: [hostile] } }, `hello ${hostile}`);
    const lines = text.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      expect(line).not.toMatch(obeyed);
      expect(line).toContain('\\u009b2J');
      if (form === 'JSON') expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) });
    }
  });
});

describe('lines for people', () => {
  it('have time, level, message, fields and the error', () => {
    let text = '';
    const logger = createLogger('debug', readableLines({ write: (line) => (text += line) }));
    logger.warn({ clientId: 'a b\u001b', port: 1, err: new Error('it broke') }, 'oh');
    expect(text).toMatch(
      /^\d\d:\d\d:\d\d WARN {2}oh clientId="a b\\u001b" port=1 error="it broke"\n$/,
    );
  });
});

it('leaves what is printable alone', () => {
  expect(printable('sensor/7 ü 漢字 😀 \\ "')).toBe('sensor/7 ü 漢字 😀 \\ "');
  expect(printable('\u0000\u001f\u007f\u009f\u2028')).toBe('\\u0000\\u001f\\u007f\\u009f\\u2028');
});
