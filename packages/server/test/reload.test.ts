import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { hashPassword } from '@sluice/auth';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startServer } from '../src/server.ts';
import { fixture, trust } from './certificates.ts';
import { started } from './command.ts';
import { freePort } from './ports.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-reload-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

/** Serial number of the certificate that a listener shows. */
function serialNumber(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...trust, port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describe('reload', () => {
  it.each(['tls', 'wss'] as const)('takes other certificates of a listener %s', async (type) => {
    const [cert, key] = [join(directory, `${type}.crt`), join(directory, `${type}.key`)];
    const use = (name: string) => {
      copyFileSync(fixture(`${name}.crt`), cert);
      copyFileSync(fixture(`${name}.key`), key);
    };
    use('server');
    const server = await startServer({
      listeners: [{ type, port: 0, cert, key }],
      allowEphemeralPorts: true,
      persistence: 'memory',
    });
    onTestFinished(() => server.close({ graceMs: 0 }));
    const port = server.listeners[0]?.port ?? 0;
    const before = await serialNumber(port);
    writeFileSync(cert, 'broken');
    await expect(server.reload()).rejects.toMatchObject({ code: 'SLUICE_CERTIFICATE' });
    expect(await serialNumber(port)).toBe(before);
    use('client');
    await server.reload();
    expect(await serialNumber(port)).not.toBe(before);
  });

  it('takes what is whole where several things are broken, and names all of these', async () => {
    const [users, rules] = [join(directory, 'users.json'), join(directory, 'rules.json')];
    writeFileSync(users, '{ "users": [] }');
    writeFileSync(rules, '{ "rules": [] }');
    const [cert, key] = [join(directory, 'a.crt'), join(directory, 'a.key')];
    copyFileSync(fixture('server.crt'), cert);
    copyFileSync(fixture('server.key'), key);
    const server = await startServer({
      listeners: [{ type: 'tls', port: 0, cert, key }],
      allowEphemeralPorts: true,
      persistence: 'memory',
      users,
      rules,
    });
    onTestFinished(() => server.close({ graceMs: 0 }));
    await expect(server.reload()).resolves.toBeUndefined();
    writeFileSync(cert, 'broken');
    writeFileSync(users, 'broken');
    await expect(server.reload()).rejects.toThrow(/users\.json.*a\.crt/s);
  });
});

// Each of these starts a process.
describe.skipIf(process.platform === 'win32')('SIGHUP', () => {
  it('makes a running server read users and rules again, and tells of broken ones', async () => {
    const [users, rules] = [join(directory, 'u.json'), join(directory, 'r.json')];
    const password = await hashPassword('right');
    writeFileSync(users, JSON.stringify({ users: [{ name: 'anna', password }] }));
    writeFileSync(rules, '{ "rules": [] }');
    const server = await started([
      ...['--memory', '--ws-port=0', `--port=${await freePort()}`],
      ...['--users', users, '--rules', rules],
    ]);
    server.signal('SIGHUP');
    await server.logged('"reloaded"');
    writeFileSync(rules, '{\n "rules": [\n  7 ] }');
    server.signal('SIGHUP');
    await server.logged('reload failed');
    expect((await server.stop()).code).toBe(0);
    expect(JSON.stringify(server.log)).toContain(`${rules}:3: rules[0] must be an object`);
  });
});
