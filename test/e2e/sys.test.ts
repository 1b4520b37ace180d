import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hashPassword } from '@sluice/auth';
import { type RunningServer, type ServerConfig, startServer } from '@sluice/server';
import { sysTopics } from '@sluice/sys';
import { describe, expect, onTestFinished, test } from 'vitest';
import { foreignPrograms, foreignTest } from '../support/foreign.ts';
import { host } from '../support/server-process.ts';

const run = promisify(execFile);

async function aServer(config: ServerConfig = {}): Promise<RunningServer> {
  const server = await startServer({
    listeners: [{ type: 'tcp', host, port: 0 }],
    persistence: 'memory',
    allowEphemeralPorts: true,
    ...config,
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return server;
}

/** What mosquitto_sub prints, and what it complains about. */
async function mosquittoSub(server: RunningServer, ...args: string[]) {
  const port = String(server.listeners[0]?.port);
  const all = ['-h', host, '-p', port, '-W', '10', ...args];
  // 27: it waited for nothing.
  const ended = await run('mosquitto_sub', all).catch((error) => error);
  return { lines: String(ended.stdout).trim().split('\n'), complaint: String(ended.stderr) };
}

const needed = [foreignPrograms.mosquittoClients];

describe('mosquitto_sub and $SYS', () => {
  foreignTest(needed, 'gets every topic where a rule lets it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-sys-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const write = (name: string, content: object) => {
      writeFileSync(join(directory, name), JSON.stringify(content));
      return join(directory, name);
    };
    const password = await hashPassword('secret');
    const everything = { effect: 'allow', action: 'all', topic: '#' };
    const reading = { effect: 'allow', action: 'subscribe', topic: '$SYS/#' };
    const server = await aServer({
      users: write('users.json', {
        users: [
          { name: 'operator', password },
          { name: 'anna', password },
        ],
      }),
      rules: write('rules.json', {
        rules: [everything, { ...reading, who: { user: 'operator' } }],
      }),
    });
    const operator = ['-u', 'operator', '-P', 'secret', '-t', '$SYS/#', '-v'];
    const got = await mosquittoSub(server, ...operator, '-C', String(sysTopics.size));
    const topics = got.lines.map((line) => /^(\S+(?: messages\/count)?) /.exec(line)?.[1]);
    expect(topics.toSorted()).toEqual([...sysTopics.keys()].toSorted());
    expect(got.lines).toContain('$SYS/broker/uptime 0 seconds');
    const anna = ['-V', '5', '-u', 'anna', '-P', 'secret', '-t', '$SYS/#'];
    expect((await mosquittoSub(server, ...anna)).complaint).toMatch(/[Nn]ot authorized|denied/);
  });

  foreignTest(needed, 'is refused by a server that nobody configured', async () => {
    const server = await aServer();
    const said = await mosquittoSub(server, '-V', '5', '-t', '$SYS/#', '-C', '1');
    expect(said.complaint).toMatch(/[Nn]ot authorized|denied/);
    expect(said.lines).toEqual(['']);
  });
});

test('the server publishes to whom its configuration names, or nothing', async () => {
  const open = await aServer({ sys: { intervalSeconds: 1, readers: { clientIds: ['screen'] } } });
  await expect.poll(() => open.broker.retained.get('$SYS/broker/uptime')).toBeDefined();
  const none = await aServer({ sys: false });
  expect(none.broker.stats.retainedMessages).toBe(0);
  expect(none.broker.hooks()).toEqual([]);
  await expect(aServer({ sys: { intervalSeconds: 0 } })).rejects.toMatchObject({
    code: 'SLUICE_SYS_OPTIONS',
  });
});
