import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allow, type Plugin } from '@sluice/plugin';
import { connectAsync, type IClientOptions } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readConfigFile } from '../src/config-file.ts';
import { type ServerOptions, startServer } from '../src/server.ts';
import { fixture, serverFiles, trust, trustAndProve } from './certificates.ts';

let directory: string;
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-identities-'));
  writeFileSync(
    join(directory, 'issuer.pem'),
    publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  );
});

afterAll(() => rmSync(directory, { recursive: true }));

/** A server that a configuration file describes; tells who a client is. */
async function serving(config: object) {
  const path = join(directory, 'sluice.json');
  writeFileSync(path, JSON.stringify(config));
  const identities: string[] = [];
  const options: ServerOptions = {
    ...readConfigFile(path),
    persistence: 'memory',
    allowEphemeralPorts: true,
    plugins: [
      {
        name: 'watch',
        setup: ({ hook }) => hook('connected', ({ client }) => identities.push(client.identity)),
      },
    ],
  };
  // The file may not ask for an ephemeral port.
  const listeners = options.listeners?.map((listener) => ({ ...listener, port: 0 }));
  const server = await startServer({ ...options, listeners } as ServerOptions);
  onTestFinished(() => server.close({ graceMs: 0 }));
  const port = server.listeners[0]?.port ?? 0;
  return {
    identities,
    connect: async (scheme: string, login: IClientOptions = {}) => {
      const client = await connectAsync(`${scheme}://127.0.0.1:${port}`, {
        reconnectPeriod: 0,
        protocolVersion: 5,
        ...login,
      });
      await client.endAsync();
    },
  };
}

describe('a configuration', () => {
  it('may have tokens, with keys beside the file', async () => {
    const jwt = { keys: { publicKeyFile: 'issuer.pem' }, algorithms: ['ES256'] };
    const { connect, identities } = await serving({
      listeners: [{ type: 'tcp', host: '0.0.0.0', port: 1883 }],
      jwt,
    });
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const claims = { sub: 'anna', exp: Math.floor(Date.now() / 1_000) + 600 };
    const text = `${encode({ alg: 'ES256' })}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(text), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    const token = `${text}.${signature.toString('base64url')}`;
    await connect('mqtt', { username: 'x', password: token });
    expect(identities).toEqual(['anna']);
    await expect(connect('mqtt', { username: 'x', password: 'y' })).rejects.toMatchObject({
      code: 0x87,
    });
    await expect(connect('mqtt')).rejects.toMatchObject({ code: 0x87 });
  });

  it('may take certificates where there are some, and passwords or nobody elsewhere', async () => {
    const { connect, identities } = await serving({
      listeners: [
        {
          type: 'tls',
          host: '0.0.0.0',
          port: 8883,
          ...serverFiles,
          ca: fixture('ca.crt'),
          requestClientCertificate: 'optional',
        },
      ],
      certificate: { names: [{ name: 'sensor-7', user: 'sensor' }] },
      allowAnonymous: { identity: 'guest' },
    });
    await connect('mqtts', trustAndProve);
    await connect('mqtts', trust);
    expect(identities).toEqual(['sensor', 'guest']);
  });

  it.each([
    [{ jwt: true }, /"jwt" must be an object/],
    [{ certificate: 'yes' }, /"certificate" must be true or an object/],
    [{ attempts: true }, /"attempts" must be false or an object/],
    [{ jwt: { keys: {}, algorithms: ['ES256'] } }, /options\.jwt\.keys must have exactly one/],
    [{ certificate: { names: 7 } }, /options\.certificate\.names must be a list/],
  ])('with %j is refused', async (config, message) => {
    await expect(serving(config)).rejects.toThrow(message);
  });
});

it('rules about users go with a plug-in that says who clients are, and need one', async () => {
  const rules = join(directory, 'rules.json');
  writeFileSync(
    rules,
    JSON.stringify({
      rules: [{ effect: 'allow', action: 'publish', topic: '%u/#', who: { user: 'anna' } }],
    }),
  );
  const options = { persistence: 'memory', allowEphemeralPorts: true, rules } as const;
  const listeners = [{ type: 'tcp', port: 0 }] as const;
  await expect(startServer({ ...options, listeners })).rejects.toMatchObject({
    code: 'SLUICE_AUTH_RULES_FILE',
  });
  const doorman: Plugin = {
    name: 'doorman',
    setup: ({ hook }) =>
      hook('authenticate', ({ userName }) => allow({ identity: userName ?? 'nobody' })),
  };
  const server = await startServer({ ...options, listeners, plugins: [doorman] });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const client = await connectAsync(`mqtt://127.0.0.1:${server.listeners[0]?.port}`, {
    username: 'anna',
    protocolVersion: 5,
    reconnectPeriod: 0,
  });
  onTestFinished(() => void client.end(true));
  await client.publishAsync('anna/a', 'x', { qos: 1 });
  await expect(client.publishAsync('bert/a', 'x', { qos: 1 })).rejects.toMatchObject({
    code: 0x87,
  });
});
