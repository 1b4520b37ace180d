import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { watchCertificates } from '../src/certificate-watch.ts';
import { createLogger } from '../src/logging.ts';
import { fixture, trust, trustAndProve } from './certificates.ts';
import { EchoListeners, type OpenListener } from './echo-listeners.ts';

const host = '127.0.0.1';
const times = { pollMs: 10, settleMs: 30 };

let directory: string;
let listeners: EchoListeners;
let log: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-certificates-'));
  listeners = new EchoListeners();
  log = [];
});

afterEach(() => {
  listeners.close();
  rmSync(directory, { recursive: true });
});

const file = (name: string) => join(directory, name);

function use(name: string): void {
  copyFileSync(fixture(`${name}.crt`), file('cert'));
  copyFileSync(fixture(`${name}.key`), file('key'));
}

async function opened(type: 'tls' | 'wss'): Promise<OpenListener> {
  use('server');
  copyFileSync(fixture('ca.crt'), file('ca'));
  return await listeners.open({
    ...{ type, host, port: 0, cert: file('cert'), key: file('key'), ca: file('ca') },
    requestClientCertificate: 'optional',
  });
}

function watch(listener: OpenListener): void {
  const logger = createLogger('info', { write: (line) => void log.push(JSON.parse(line)) });
  onTestFinished(watchCertificates([listener], logger, times));
}

async function watched(type: 'tls' | 'wss'): Promise<OpenListener> {
  const listener = await opened(type);
  watch(listener);
  return listener;
}

/** Serial number of the certificate that a listener shows. */
async function serialNumber({ port }: OpenListener): Promise<string> {
  const socket = connect({ ...trust, port, host, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

const logged = (msg: unknown) =>
  expect.poll(() => log).toContainEqual(expect.objectContaining({ msg }));

describe.each(['tls', 'wss'] as const)('changed files of a listener of type %s', (type) => {
  it('are taken for the next handshakes; connections stay', async () => {
    const listener = await watched(type);
    const live = connect({ ...trust, port: listener.port, host });
    await once(live, 'secureConnect');
    const before = await serialNumber(listener);
    use('client');
    await logged(`certificates of ${listener.url} read again`);
    expect(await serialNumber(listener)).not.toBe(before);
    expect(live.destroyed).toBe(false);
    live.destroy();
  });

  it('between the reading and the first look are taken', async () => {
    const listener = await opened(type);
    const before = await serialNumber(listener);
    use('client');
    watch(listener);
    await logged(`certificates of ${listener.url} read again`);
    expect(await serialNumber(listener)).not.toBe(before);
  });

  it('that are broken are told of once, and change nothing', async () => {
    const listener = await watched(type);
    const before = await serialNumber(listener);
    writeFileSync(file('key'), 'broken');
    await logged(`certificates of ${listener.url} stay as they were`);
    expect(log).toMatchObject([{ level: 'error', err: { code: 'SLUICE_CERTIFICATE' } }]);
    expect(await serialNumber(listener)).toBe(before);
    rmSync(file('key'));
    await expect.poll(() => log.length).toBe(2);
    expect(await serialNumber(listener)).toBe(before);
  });
});

it('changed authorities count for the next handshakes', async () => {
  const listener = await watched('tls');
  const nameOf = async () => {
    const socket = connect({ ...trustAndProve, port: listener.port, host });
    socket.write('ping');
    await once(socket, 'data');
    socket.destroy();
    return listeners.infos.at(-1)?.certificateName;
  };
  expect(await nameOf()).toBe('sensor-7');
  copyFileSync(fixture('server.crt'), file('ca'));
  await logged(`certificates of ${listener.url} read again`);
  expect(await nameOf()).toBeUndefined();
});
