import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBroker } from '@sluice/core';
import type { Plugin } from '@sluice/plugin';
import { freePort } from '../../packages/server/test/ports.ts';
import type { Foreign } from '../support/foreign.ts';

/** A broker to play to. */
export interface PlayedBroker {
  readonly port: number;
  close(): Promise<void>;
}

/** Debian's place for it is not on the path of every user. */
const mosquittoProgram = '/usr/sbin/mosquitto';

export const mosquitto: Foreign = {
  name: 'mosquitto',
  // It has no flag that ends with 0.
  probe: ['sh', '-c', `test -x ${mosquittoProgram}`],
  debianPackage: 'mosquitto',
};

/** Sluice in this process, with its defaults. */
export async function startSluice(plugins: readonly Plugin[]): Promise<PlayedBroker> {
  const broker = await createBroker({ plugins });
  const server = createServer({ noDelay: true }, (socket) => broker.handle(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      await broker.close({ graceMs: 100 });
    },
  };
}

/** Mosquitto in a process of its own, with the limits that Sluice has by default and what more its configuration is to say. */
export async function startMosquitto(more: readonly string[] = []): Promise<PlayedBroker> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'sluice-differential-'));
  const config = join(directory, 'mosquitto.conf');
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'sys_interval 0',
    'set_tcp_nodelay true',
    'max_inflight_messages 100',
    'max_queued_messages 0',
    // Or else a 3.x client gets one copy, at the QoS of any of its matching subscriptions [MQTT-3.3.5-1].
    'allow_duplicate_messages true',
    'log_dest none',
    ...more,
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  const process = spawn(mosquittoProgram, ['-c', config], { stdio: 'ignore' });
  await listening(process, port);
  return {
    port,
    async close() {
      const ended = once(process, 'exit');
      process.kill();
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function listening(process: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 6_000; tries++) {
    if (process.exitCode !== null) throw new Error(`mosquitto ended with ${process.exitCode}`);
    const socket = connect({ port, host: '127.0.0.1' });
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    // Nothing tells that it listens: it writes no line and no file.
    await sleep(10);
  }
  throw new Error('mosquitto does not listen');
}
