import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limitRanges } from '@sluice/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfigFile } from '../src/config-file.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-config-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

function read(content: unknown): unknown {
  const path = join(directory, 'sluice.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readConfigFile(path);
}

describe('a configuration file', () => {
  it('is read as it is, with paths relative to its directory', () => {
    const certificate = { cert: 'tls/server.crt', key: '/etc/server.key', ca: 'tls/ca.crt' };
    expect(
      read({
        listeners: [
          { type: 'tcp', host: '0.0.0.0', port: 1884 },
          { type: 'tls', ...certificate, requestClientCertificate: true },
          { type: 'ws', path: '/mqtt' },
          { type: 'wss', port: 443, ...certificate },
          { type: 'unix', path: 'sluice.sock' },
        ],
        persistence: { path: 'store', durability: 'write' },
        users: 'users.json',
        rules: '/etc/rules.json',
        allowAnonymous: true,
        limits: { maxPacketBytes: 4_096 },
        features: { retain: false },
        allowControlCharacters: true,
        logLevel: 'debug',
        closeGraceMs: 0,
        slowTurnMs: 0,
      }),
    ).toEqual({
      listeners: [
        { type: 'tcp', host: '0.0.0.0', port: 1884 },
        {
          type: 'tls',
          cert: join(directory, 'tls/server.crt'),
          key: '/etc/server.key',
          ca: join(directory, 'tls/ca.crt'),
          requestClientCertificate: true,
        },
        { type: 'ws', path: '/mqtt' },
        {
          type: 'wss',
          port: 443,
          cert: join(directory, 'tls/server.crt'),
          key: '/etc/server.key',
          ca: join(directory, 'tls/ca.crt'),
        },
        { type: 'unix', path: join(directory, 'sluice.sock') },
      ],
      persistence: { path: join(directory, 'store'), durability: 'write' },
      users: join(directory, 'users.json'),
      rules: '/etc/rules.json',
      allowAnonymous: true,
      limits: { maxPacketBytes: 4_096 },
      features: { retain: false },
      allowControlCharacters: true,
      logLevel: 'debug',
      closeGraceMs: 0,
      slowTurnMs: 0,
    });
  });

  it('takes proxies, web sites, handshakes and limits as they are', () => {
    const content = {
      listeners: [
        { type: 'tcp', proxyProtocol: { from: ['10.0.0.0/8', 'fd00::/8', '::1'] } },
        {
          type: 'ws',
          origins: ['https://app.example.org', 'http://localhost:3000'],
          proxyProtocol: { from: ['192.0.2.1'], acceptCertificateName: true },
        },
      ],
      handshakes: { timeoutMs: 5_000, maxPending: 100, maxPendingPerAddress: 10 },
      connectRate: { perAddress: { connections: 5, intervalMs: 1_000, burst: 2 } },
      messageRate: { bytesPerSecond: 0.5, onLimit: 'wait', maxWaitMs: 100 },
      sessionsPerUser: { maximum: 2, onLimit: 'refuse', count: 'sessions' },
      bans: { file: '/etc/bans.json', bans: [{ user: 'mallory', until: 7, reason: 'spam' }] },
    };
    expect(read(content)).toEqual(content);
    expect(read({ bans: { file: 'bans.json' } })).toEqual({
      bans: { file: join(directory, 'bans.json') },
    });
  });

  it('may be empty, and may ask for memory', () => {
    expect(read({})).toEqual({});
    expect(read({ persistence: 'memory' })).toEqual({ persistence: 'memory' });
  });

  it.each(Object.entries(limitRanges))('sets the limit %s within its range', (name, range) => {
    const { min, max } = range;
    expect(read({ limits: { [name]: min } })).toEqual({ limits: { [name]: min } });
    expect(read({ limits: { [name]: max } })).toEqual({ limits: { [name]: max } });
    for (const value of [min - 1, max + 1, min + 0.5, String(min), null]) {
      expect(() => read({ limits: { [name]: value } })).toThrow(
        `"limits.${name}" must be a whole number from ${min} to ${max}, not `,
      );
    }
  });

  const unknownKey = 'SLUICE_CONFIG_KEY';
  const wrongValue = 'SLUICE_CONFIG_VALUE';

  it.each([
    [{ listener: [] }, unknownKey, /"listener" is not a known key: allowed there are listeners, /],
    [JSON.parse('{"__proto__": {}}'), unknownKey, /"__proto__" is not a known key/],
    [{ limits: { toString: 1 } }, unknownKey, /"limits.toString" is not a known key/],
    [
      { persistence: { path: 'a', sync: true } },
      unknownKey,
      /"persistence.sync".*path, durability/,
    ],
    [
      { listeners: [{ type: 'tcp', cert: 'a' }] },
      unknownKey,
      /"listeners\[0\].cert" is not a known key: allowed there are type, host, port, proxyProtocol\.$/,
    ],
    [
      { listeners: [{ type: 'ws' }, { type: 'unix', path: 'a', port: 1 }] },
      unknownKey,
      /\[1\].port/,
    ],
    [[], wrongValue, /sluice.json must be an object, not \[\]/],
    [null, wrongValue, /must be an object, not null/],
    [{ listeners: {} }, wrongValue, /"listeners" must be a list, not \{\}/],
    [{ listeners: [7] }, wrongValue, /"listeners\[0\].type" must be one of "tcp", "tls"/],
    [{ listeners: [null] }, wrongValue, /"listeners\[0\].type" must be one of/],
    [{ listeners: [{ type: 'udp' }] }, wrongValue, /"listeners\[0\].type" .* not "udp"/],
    [{ listeners: [{ type: 'tcp', port: 0 }] }, wrongValue, /port" .* from 1 to 65535, not 0/],
    [{ listeners: [{ type: 'tcp', port: 65_536 }] }, wrongValue, /from 1 to 65535, not 65536/],
    [{ listeners: [{ type: 'tcp', port: '1883' }] }, wrongValue, /not "1883"/],
    [
      { listeners: [{ type: 'tcp', host: '' }] },
      wrongValue,
      /"listeners\[0\].host" must be a host/,
    ],
    [
      { listeners: [{ type: 'ws', path: 'mqtt' }] },
      wrongValue,
      /that begins with "\/", not "mqtt"/,
    ],
    [{ listeners: [{ type: 'tls', key: 'a' }] }, wrongValue, /"listeners\[0\].cert" is missing/],
    [{ listeners: [{ type: 'wss', cert: 'a' }] }, wrongValue, /"listeners\[0\].key" is missing/],
    [
      { listeners: [{ type: 'tcp', proxyProtocol: {} }] },
      wrongValue,
      /"listeners\[0\].proxyProtocol.from" is missing/,
    ],
    [
      { listeners: [{ type: 'tcp', proxyProtocol: { from: [] } }] },
      wrongValue,
      /proxyProtocol.from" must be a list with at least one entry/,
    ],
    ...['10.0.0.0/33', '10.0.0/8', 'proxy', '::1/129', 7].map(
      (network): [unknown, string, RegExp] => [
        { listeners: [{ type: 'ws', proxyProtocol: { from: ['::1', network] } }] },
        wrongValue,
        /proxyProtocol.from\[1\]" must be an IP address, or one with a prefix length/,
      ],
    ),
    [{ listeners: [{ type: 'unix', path: 'a', proxyProtocol: {} }] }, unknownKey, /proxyProtocol/],
    [{ listeners: [{ type: 'tcp', origins: ['https://a'] }] }, unknownKey, /origins/],
    ...['a.example', 'https://a.example/', '*', 'null', 'https://A.example'].map(
      (origin): [unknown, string, RegExp] => [
        { listeners: [{ type: 'ws', origins: [origin] }] },
        wrongValue,
        /origins\[0\]" must be a web site such as "https:\/\/app.example.org"/,
      ],
    ),
    [
      { handshakes: { timeoutMs: 9 } },
      wrongValue,
      /"handshakes.timeoutMs" must be a whole number from 10 to 600000, not 9/,
    ],
    [{ handshakes: { maxPending: 0 } }, wrongValue, /"handshakes.maxPending" must be .* from 1 to/],
    [{ handshakes: { max: 1 } }, unknownKey, /"handshakes.max" is not a known key/],
    [
      { connectRate: { perAddress: { connections: 1 } } },
      wrongValue,
      /"connectRate.perAddress.intervalMs" is missing/,
    ],
    [{ messageRate: { messagesPerSecond: 5 } }, wrongValue, /"messageRate.onLimit" is missing/],
    [
      { messageRate: { messagesPerSecond: 0, onLimit: 'drop' } },
      wrongValue,
      /"messageRate.messagesPerSecond" must be a number above 0, not 0/,
    ],
    [
      { sessionsPerUser: { maximum: '3', onLimit: 'refuse' } },
      wrongValue,
      /"sessionsPerUser.maximum" must be a whole number from 1/,
    ],
    [
      { sessionsPerUser: { maximum: 3, onLimit: 'drop' } },
      wrongValue,
      /"sessionsPerUser.onLimit" must be one of "refuse", "disconnect-oldest"/,
    ],
    [{ bans: { bans: [{ ip: '::1' }] } }, unknownKey, /"bans.bans\[0\].ip" is not a known key/],
    [{ bans: { clock: {} } }, unknownKey, /"bans.clock" is not a known key/],
    [{ listeners: [{ type: 'unix' }] }, wrongValue, /"listeners\[0\].path" is missing/],
    [
      { persistence: 'disk' },
      wrongValue,
      /"persistence" must be "memory" or an object with "path"/,
    ],
    [{ persistence: { durability: 'fsync' } }, wrongValue, /"persistence.path" is missing/],
    [
      { persistence: { path: 'a', durability: 'yes' } },
      wrongValue,
      /one of "fsync", "write", "none"/,
    ],
    [{ users: 1 }, wrongValue, /"users" must be the path of a file, not 1/],
    [
      { allowAnonymous: 'yes' },
      wrongValue,
      /"allowAnonymous" must be true, false or an object, not "yes"/,
    ],
    [{ logLevel: 'loud' }, wrongValue, /"logLevel" must be one of "trace"/],
    [{ closeGraceMs: -1 }, wrongValue, /"closeGraceMs" must be a whole number from 0 to 600000/],
    [{ users: { long: 'x'.repeat(100) } }, wrongValue, /not .{60}\.$/],
  ])('refuses %j', (content, code, message) => {
    expect(() => read(content)).toThrow(expect.objectContaining({ code }));
    expect(() => read(content)).toThrow(message);
  });

  it('leaves keys that are none to the package that knows them', () => {
    expect(read({ jwt: { keys: null } })).toEqual({ jwt: { keys: null } });
  });

  it('may begin with a byte order mark, as editors of Windows write it', () => {
    expect(read('\uFEFF{ "logLevel": "warn" }')).toEqual({ logLevel: 'warn' });
  });

  it('is refused with its name where it is not JSON or not there', () => {
    expect(() => read('{ "users": }')).toThrow(
      expect.objectContaining({
        code: 'SLUICE_CONFIG_FILE',
        message: expect.stringMatching(
          /^The configuration file .*sluice.json is not JSON \(.+\)\.$/,
        ),
      }),
    );
    for (const text of ['listener 1883\n', '# mine\n\n  allow_anonymous true\n']) {
      expect(() => read(text)).toThrow(
        /\); if it is one of Mosquitto, docs.* says what to write\.$/,
      );
    }
    for (const text of ['', '{', 'port: 1883', 'port = 1883', '[listeners]']) {
      expect(() => read(text)).toThrow(/is not JSON \([^;]*\)\.$/);
    }
    expect(() => readConfigFile(join(directory, 'missing.json'))).toThrow(
      expect.objectContaining({
        code: 'SLUICE_CONFIG_FILE',
        message: expect.stringMatching(/missing.json cannot be read \(ENOENT/),
      }),
    );
  });
});
