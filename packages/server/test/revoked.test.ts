import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startServer } from '../src/server.ts';
import { fixture, serverFiles, trust } from './certificates.ts';

const aConnect = Buffer.from('100d00044d5154540402000a000161', 'hex');

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-revoked-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

/** A listener for devices that `devices-ca` signed, and its list of those that it takes back. */
async function serving(type: 'tls' | 'wss', requestClientCertificate: true | 'optional' = true) {
  const crl = join(directory, `${type}.crl`);
  copyFileSync(fixture('empty.crl'), crl);
  const identities: string[] = [];
  const server = await startServer({
    listeners: [
      {
        type,
        port: 0,
        ...serverFiles,
        ca: fixture('devices-ca.crt'),
        crl,
        requestClientCertificate,
      },
    ],
    allowEphemeralPorts: true,
    persistence: 'memory',
    plugins: [
      {
        name: 'watch',
        setup: ({ hook }) => {
          hook('connection', ({ connection }) => {
            identities.push(connection.certificateName ?? 'nobody');
            return undefined;
          });
        },
      },
    ],
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return { server, crl, identities, port: server.listeners[0]?.port ?? 0 };
}

/** What comes of a device that connects. The word with which TLS refuses it may be lost to a reset. */
function visit(
  port: number,
  name: string,
  more: ConnectionOptions = {},
  onSession: (session: Buffer) => void = () => {},
): Promise<'heard' | 'refused'> {
  const [cert, key] = [`${name}.crt`, `${name}.key`].map((file) => readFileSync(fixture(file)));
  return new Promise((resolve) => {
    const socket = connect({ ...trust, cert, key, port, host: '127.0.0.1', ...more });
    socket.on('session', onSession);
    socket.on('error', () => {});
    socket.once('close', () => resolve('refused'));
    socket.once('data', () => {
      resolve('heard');
      socket.end();
    });
    socket.write(aConnect);
  });
}

describe('a list of revoked certificates', () => {
  it('keeps out who is on it, and whose certificate has expired', async () => {
    const { port, crl, server, identities } = await serving('tls');
    copyFileSync(fixture('revoked.crl'), crl);
    await server.reload();
    expect(await visit(port, 'good')).toBe('heard');
    expect(await visit(port, 'revoked')).toBe('refused');
    expect(await visit(port, 'expired')).toBe('refused');
    expect(identities).toEqual(['good']);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'counts for who comes back with a session of before, with %s',
    async (maxVersion) => {
      const { port, crl, server } = await serving('tls');
      let session: Buffer | undefined;
      const remember = (one: Buffer) => {
        session = one;
      };
      expect(await visit(port, 'revoked', { maxVersion }, remember)).toBe('heard');
      expect(session).toBeDefined();
      copyFileSync(fixture('revoked.crl'), crl);
      await server.reload();
      expect(await visit(port, 'revoked', { maxVersion, session })).toBe('refused');
    },
  );

  it('makes a client without a certificate of one that is on it, where they are optional', async () => {
    const { port, crl, server, identities } = await serving('tls', 'optional');
    expect(await visit(port, 'revoked')).toBe('heard');
    copyFileSync(fixture('revoked.crl'), crl);
    await server.reload();
    expect(await visit(port, 'revoked')).toBe('heard');
    expect(identities).toEqual(['revoked', 'nobody']);
  });

  it('counts for WebSocket as well', async () => {
    const { port, crl, server } = await serving('wss');
    copyFileSync(fixture('revoked.crl'), crl);
    await server.reload();
    expect(await visit(port, 'revoked')).toBe('refused');
  });

  it('stays as it was when the new one is broken', async () => {
    const { port, crl, server } = await serving('tls');
    writeFileSync(crl, 'broken');
    await expect(server.reload()).rejects.toMatchObject({ code: 'SLUICE_CERTIFICATE' });
    expect(await visit(port, 'revoked')).toBe('heard');
  });

  it('is of no use where no certificate is asked for', async () => {
    const listeners = [{ type: 'tls', ...serverFiles, crl: fixture('empty.crl') }] as const;
    await expect(startServer({ listeners, persistence: 'memory' })).rejects.toMatchObject({
      code: 'SLUICE_CONFIG_CONFLICT',
      message: expect.stringMatching(/needs requestClientCertificate/),
    });
  });
});
