import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../packages/server/test/ports.ts';
import { LineProcess } from '../support/line-process.ts';
import { command, host } from '../support/server-process.ts';

/** Why no small disk can be had here, if it cannot. */
function whyNoDisk(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, to mount a small disk';
  const directory = mkdtempSync(join(tmpdir(), 'sluice-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], {
      stdio: 'ignore',
    });
    execFileSync('umount', [directory], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'may not mount a small disk';
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const diskBytes = 24 * 1024 * 1024;
const roomBytes = 3 * 1024 * 1024;
const messages = 4_000;

/** A disk on which only a little room is left, and how to make more. */
function aNearlyFullDisk(): { readonly path: string; free(): void } {
  const path = mkdtempSync(join(tmpdir(), 'sluice-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', path]);
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', path]);
    rmSync(path, { recursive: true });
  });
  const ballast = join(path, 'ballast');
  writeFileSync(ballast, Buffer.alloc(diskBytes - roomBytes, 1));
  return { path, free: () => rmSync(ballast) };
}

async function aServer(path: string): Promise<{ server: LineProcess; port: number }> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  const config = join(directory, 'config.json');
  const listeners = [{ type: 'tcp', port }];
  const persistence = { path: join(path, 'data') };
  writeFileSync(config, JSON.stringify({ listeners, persistence, allowAnonymous: true }));
  const server = new LineProcess(process.execPath, [command, 'start', '--config', config]);
  onTestFinished(async () => {
    await server.end('SIGKILL');
    rmSync(directory, { recursive: true });
  });
  await server.line(/ready/);
  return { server, port };
}

const reason = whyNoDisk();

describe.skipIf(reason !== undefined)(`when the disk is full${reason ? `: ${reason}` : ''}`, () => {
  test('a server acknowledges nothing that it cannot keep, and goes on when there is room again', async () => {
    const disk = aNearlyFullDisk();
    const { server, port } = await aServer(disk.path);
    const connect = (clientId: string, clean: boolean): Promise<MqttClient> =>
      connectAsync(`mqtt://${host}:${port}`, { clientId, clean, reconnectPeriod: 0 }, false);

    const keeper = await connect('keeper', false);
    await keeper.subscribeAsync('readings', { qos: 1 });
    await keeper.endAsync();

    const publisher = await connect('publisher', true);
    let acknowledged = 0;
    const published = Array.from({ length: messages }, async (_, number) => {
      await publisher.publishAsync('readings', `${number} `.padEnd(1_024, 'x'), { qos: 1 });
      acknowledged++;
    });
    await server.line(/SLUICE_PERSISTENCE_FAILED/);

    expect(acknowledged).toBeLessThan(messages);
    await expect(connect('another', false)).rejects.toThrow(/unavailable/i);
    const passerby = await connect('passer-by', true);
    await passerby.publishAsync('elsewhere', 'needs no disk', { qos: 1 });
    await passerby.endAsync();
    expect(acknowledged).toBeLessThan(messages);

    disk.free();
    await server.line(/the store works again/);
    await Promise.all(published);
    await publisher.endAsync();

    const received: number[] = [];
    const back = await connect('keeper', false);
    await new Promise<void>((resolve) => {
      back.on('message', (_topic, payload) => {
        received.push(Number.parseInt(String(payload), 10));
        if (received.length === messages) resolve();
      });
    });
    expect(received).toEqual(Array.from({ length: messages }, (_, number) => number));
    await back.endAsync();
  });
});
