import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LevelPersistence } from '@sluice/persistence-level';
import type { Operation } from '@sluice/plugin';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, SluiceProcess, started } from './command.ts';
import { freePort, portOf } from './ports.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-process-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

function ended(args: readonly string[]): Promise<Outcome> {
  return new SluiceProcess(args).ended;
}

async function comeAndGo(port: number): Promise<void> {
  const client = connect(port, '127.0.0.1');
  client.write(Buffer.from('100c00044d5154540402003c0000', 'hex'));
  await once(client, 'data');
  client.destroy();
}

// Each of these starts a process or two.
describe('sluice start', () => {
  it('says where it listens, and ends with 0 at SIGTERM', async () => {
    const [port, wsPort] = [await freePort(), await freePort()];
    const server = await started(['--memory', `--port=${port}`, `--ws-port=${wsPort}`]);
    const { code, stderr } = await server.stop('SIGTERM');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(server.log.map(({ level, msg }) => `${level}: ${msg}`)).toEqual([
      `info: listening on mqtt://127.0.0.1:${port}`,
      `info: listening on ws://127.0.0.1:${wsPort}`,
      'warn: no users are configured: only this machine can connect',
      'info: ready: everything is kept in memory only',
      'info: closing',
      'info: closed',
    ]);
  });

  it('waits for clients that are slow to leave, until a second signal', async () => {
    const port = await freePort();
    const config = join(directory, 'patient.json');
    const patient = { closeGraceMs: 600_000, limits: { closeTimeoutMs: 600_000 } };
    writeFileSync(config, JSON.stringify({ persistence: 'memory', ...patient }));
    const server = await started(['--config', config, `--port=${port}`, '--ws-port=0']);
    // Takes the end of what it is sent, and never ends its own half.
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    client.on('error', () => {});
    client.write(Buffer.from('100d00044d5154540502003c000000', 'hex'));
    await once(client, 'data');
    server.signal('SIGTERM');
    client.resume();
    await once(client, 'end');
    // A sudden end would write its line before one that is under way.
    await server.logged('"closing"');
    expect((await server.stop('SIGTERM')).code).toBe(1);
    expect(server.log.at(-1)).toMatchObject({ signal: 'SIGTERM', level: 'warn' });
    client.destroy();
  });

  it('serves, and ends, although nobody reads its log', async () => {
    const port = await freePort();
    const server = await started([
      '--memory',
      `--port=${port}`,
      '--ws-port=0',
      '--log-level=debug',
    ]);
    server.stallLog();
    // More lines than fit into the pipe.
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 50 }, () => comeAndGo(port)));
    }
    expect((await server.stop()).code).toBe(0);
  });

  it.runIf(existsSync('/dev/full'))('serves on when the disk of its log is full', async () => {
    const port = await freePort();
    const args = ['start', '--memory', `--port=${port}`, '--ws-port=0', '--log-level=debug'];
    const log = openSync('/dev/full', 'w');
    const server = new SluiceProcess(args, {}, log);
    closeSync(log);
    await expect.poll(() => comeAndGo(port).catch((error) => error)).toBe(undefined);
    await comeAndGo(port);
    expect(await server.stop()).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('takes its settings from the environment, and serves others when told to', async () => {
    const port = await freePort();
    const server = await started([], {
      SLUICE_PORT: String(port),
      SLUICE_WS_PORT: '0',
      SLUICE_HOST: '0.0.0.0',
      SLUICE_ALLOW_ANONYMOUS: 'true',
      SLUICE_DATA: join(directory, 'from-environment'),
      SLUICE_DURABILITY: 'none',
    });
    const messages = server.log.map(({ msg }) => msg);
    expect(messages).toEqual([
      `listening on mqtt://0.0.0.0:${port}`,
      'no users are configured: everybody who reaches this machine can connect',
      `ready: sessions and messages are kept in ${join(directory, 'from-environment')} (durability none)`,
    ]);
    expect((await server.stop('SIGINT')).code).toBe(0);
    expect(existsSync(join(directory, 'from-environment'))).toBe(true);
  });

  it('fails in one sentence when the port is busy', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = portOf(other);
    const run = await ended(['start', '--memory', `--port=${port}`, '--ws-port=0']);
    expect(run).toMatchObject({
      code: 1,
      stderr: `sluice: SLUICE_PORT_BUSY: Port ${port} of 127.0.0.1 is in use by another process.\n`,
    });
    other.close();
  });

  it('fails in one sentence when the directory cannot be written', async () => {
    const notADirectory = join(directory, 'a-file');
    writeFileSync(notADirectory, '');
    const data = join(notADirectory, 'data');
    const run = await ended(['start', `--port=${await freePort()}`, '--ws-port=0', '--data', data]);
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sluice: SLUICE_LEVEL_UNWRITABLE: [^\n]*a-file[^\n]*\n$/),
    });
  });

  it('fails in one sentence when another process has the database', async () => {
    const data = join(directory, 'shared');
    const args = ['--ws-port=0', '--data', data];
    const first = await started([`--port=${await freePort()}`, ...args]);
    expect(await ended(['start', `--port=${await freePort()}`, ...args])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sluice: SLUICE_LEVEL_LOCKED: [^\n]*shared[^\n]*\n$/),
    });
    expect((await first.stop()).code).toBe(0);
    const again = await started([`--port=${await freePort()}`, ...args]);
    expect((await again.stop()).code).toBe(0);
  });
});

describe('the output of a command', () => {
  it('is whole where a pipe does not take it at once', async () => {
    const path = join(directory, 'long-names');
    const store = new LevelPersistence({ path, durability: 'write' });
    await store.open();
    const message = {
      number: 1,
      topic: 't',
      payload: Buffer.from('payload'),
      qos: 1,
      retain: false,
      properties: {},
      publisherId: '',
      receivedAt: 0,
      expiresAt: Number.POSITIVE_INFINITY,
    } as const;
    const operations: Operation[] = [1, 2, 3, 4, 5].flatMap((session) => [
      {
        type: 'saveSession',
        record: {
          session,
          clientId: String(session).repeat(60_000),
          identity: '',
          expiryInterval: 9,
          disconnectedAt: 0,
          sentBefore: 0,
        },
      },
      {
        type: 'enqueue',
        session,
        sequence: 0,
        message: 1,
        qos: 1,
        retain: false,
        subscriptionIdentifiers: [],
      },
    ]);
    await store.commit([{ type: 'store', message }, ...operations]);
    await store.close();
    const { code, stdout } = await ended(['store', 'stats', '--json', '--path', path]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).largestQueues).toHaveLength(5);
  });
});
