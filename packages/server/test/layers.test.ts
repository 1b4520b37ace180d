import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveConfig, type ServerConfig } from '../src/config.ts';
import { checkRules } from '../src/config-rules.ts';
import { applySettings, readConfig } from '../src/layers.ts';
import type { Settings } from '../src/settings.ts';

const tcp = { type: 'tcp', host: '127.0.0.1', port: 1883 } as const;
const ws = { type: 'ws', host: '127.0.0.1', port: 8080 } as const;
const tls = { type: 'tls', cert: 'c', key: 'k' } as const;
const unix = { type: 'unix', path: '/run/sluice.sock' } as const;

describe('flags over environment over configuration file over defaults', () => {
  let directory: string;
  let file: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-layers-'));
    file = join(directory, 'sluice.json');
    writeFileSync(file, JSON.stringify({ logLevel: 'warn', users: 'users.json', closeGraceMs: 1 }));
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  it('has defaults', () => {
    expect(resolveConfig(readConfig([], {}))).toEqual({
      listeners: [tcp, ws],
      persistence: { path: './data', durability: 'fsync' },
      users: undefined,
      rules: undefined,
      allowAnonymous: false,
      sys: {},
      limits: {},
      handshakes: { timeoutMs: 10_000, maxPending: 5_000, maxPendingPerAddress: 500 },
      features: {},
      allowControlCharacters: false,
      logLevel: 'info',
      closeGraceMs: 5_000,
      slowTurnMs: 250,
    });
  });

  it('lets the upper layer win, setting by setting', () => {
    const onlyFile = readConfig(['--config', file], {});
    expect(onlyFile).toMatchObject({ logLevel: 'warn', users: join(directory, 'users.json') });

    const environment = { SLUICE_CONFIG: file, SLUICE_LOG_LEVEL: 'error', SLUICE_USERS: 'other' };
    expect(readConfig([], environment)).toMatchObject({
      logLevel: 'error',
      users: resolve('other'),
      closeGraceMs: 1,
    });
    expect(readConfig(['--log-level', 'debug'], environment)).toMatchObject({
      logLevel: 'debug',
      users: resolve('other'),
    });
  });

  it('takes the file that the flag names before the one of the environment', () => {
    expect(readConfig(['--config', file], { SLUICE_CONFIG: 'missing.json' }).closeGraceMs).toBe(1);
  });
});

describe('where it listens', () => {
  it.each<[string, ServerConfig, Settings, ServerConfig['listeners']]>([
    ['a port', {}, { port: 1884 }, [{ ...tcp, port: 1884 }, ws]],
    ['a WebSocket port', {}, { wsPort: 9001 }, [tcp, { ...ws, port: 9001 }]],
    ['no TCP', {}, { port: 0 }, [ws]],
    ['no WebSocket', {}, { wsPort: 0 }, [tcp]],
    [
      'a host',
      {},
      { host: '::1' },
      [
        { ...tcp, host: '::1' },
        { ...ws, host: '::1' },
      ],
    ],
    [
      'a port beside a file without TCP',
      { listeners: [unix] },
      { port: 1 },
      [unix, { ...tcp, port: 1 }],
    ],
    [
      'host and port beside a file without TCP',
      { listeners: [tls] },
      { host: '::1', port: 1 },
      [
        { ...tls, host: '::1' },
        { ...tcp, host: '::1', port: 1 },
      ],
    ],
    [
      'a port over the one of the file',
      { listeners: [{ type: 'tcp' }, tls] },
      { port: 7 },
      [{ type: 'tcp', port: 7 }, tls],
    ],
    ['no port over several of the file', { listeners: [tcp, tcp, unix] }, { port: 0 }, [unix]],
  ])('takes %s', (_what, config, given, listeners) => {
    expect(applySettings(config, given).listeners).toEqual(listeners);
  });

  it('refuses a port when the file has several listeners that it could be for', () => {
    expect(() => applySettings({ listeners: [tcp, { ...tcp, port: 2 }] }, { port: 3 })).toThrow(
      expect.objectContaining({ code: 'SLUICE_CONFIG_CONFLICT' }),
    );
  });
});

describe('where it keeps', () => {
  const store = { path: '/var/a', durability: 'write' } as const;
  const standard = { path: './data', durability: 'fsync' } as const;

  it.each<[string, ServerConfig, Settings, ServerConfig['persistence']]>([
    ['nothing said', {}, {}, undefined],
    ['memory', {}, { memory: true }, 'memory'],
    ['memory over a store', { persistence: store }, { memory: true }, 'memory'],
    ['a directory', {}, { data: '/x' }, { ...standard, path: '/x' }],
    ['a directory over a store', { persistence: store }, { data: '/x' }, { ...store, path: '/x' }],
    [
      'a directory over memory',
      { persistence: 'memory' },
      { data: '/x' },
      { ...standard, path: '/x' },
    ],
    ['memory taken back', { persistence: 'memory' }, { memory: false }, standard],
    ['a durability', {}, { durability: 'none' }, { ...standard, durability: 'none' }],
    [
      'a durability over a store',
      { persistence: store },
      { durability: 'none' },
      {
        ...store,
        durability: 'none',
      },
    ],
  ])('%s', (_what, config, given, persistence) => {
    expect(applySettings(config, given).persistence).toEqual(persistence);
  });

  it.each<[ServerConfig, Settings]>([
    [{}, { memory: true, data: 'd' }],
    [{}, { memory: true, durability: 'fsync' }],
    [{ persistence: 'memory' }, { durability: 'fsync' }],
  ])('refuses %j with %j', (config, given) => {
    expect(() => applySettings(config, given)).toThrow(
      expect.objectContaining({ code: 'SLUICE_CONFIG_CONFLICT' }),
    );
  });

  it('lets --memory win over a directory and a durability of the environment', () => {
    const environment = { SLUICE_DATA: 'd', SLUICE_DURABILITY: 'write' };
    expect(readConfig(['--memory'], environment).persistence).toBe('memory');
  });
});

describe('the rules between settings', () => {
  const rulesOf = (config: ServerConfig) => () => checkRules(resolveConfig(config));
  const open = { code: 'SLUICE_OPEN_TO_ALL' };
  const conflict = { code: 'SLUICE_CONFIG_CONFLICT' };

  it.each(['0.0.0.0', '::', '10.1.2.3', 'example.org', '127.example.org'])(
    'refuse to listen on %s without users',
    (host) => {
      for (const listener of [
        { ...tcp, host },
        { ...ws, host },
        { ...tls, host },
      ]) {
        expect(rulesOf({ listeners: [listener] })).toThrow(expect.objectContaining(open));
        expect(rulesOf({ listeners: [listener], rules: 'r' })).toThrow(
          expect.objectContaining(open),
        );
        expect(rulesOf({ listeners: [listener], users: 'u' })).not.toThrow();
        expect(rulesOf({ listeners: [listener], allowAnonymous: true })).not.toThrow();
      }
    },
  );

  it.each(['127.0.0.1', '127.8.9.1', '::1', 'localhost'])('let %s be open', (host) => {
    expect(rulesOf({ listeners: [{ ...tcp, host }, unix] })).not.toThrow();
  });

  it('want something to listen on', () => {
    expect(rulesOf({ listeners: [] })).toThrow(expect.objectContaining(conflict));
    expect(rulesOf(applySettings({}, { port: 0, wsPort: 0 }))).toThrow(
      expect.objectContaining(conflict),
    );
  });

  it('want authorities for client certificates', () => {
    const asking = { ...tls, requestClientCertificate: true };
    expect(rulesOf({ listeners: [asking] })).toThrow(expect.objectContaining(conflict));
    expect(rulesOf({ listeners: [{ ...asking, ca: 'ca' }] })).not.toThrow();
  });
});
