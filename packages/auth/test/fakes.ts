import { Buffer } from 'node:buffer';
import { randomBytes, scryptSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PacketType } from '@sluice/packet';
import type {
  AuthenticateEvent,
  Client,
  ConnectionInfo,
  DeliveryEvent,
  ExchangeEvent,
  Hooks,
  Message,
  Plugin,
  PluginContext,
} from '@sluice/plugin';
import { onTestFinished } from 'vitest';

const connection: ConnectionInfo = {
  id: 'connection-1',
  transport: 'tcp',
  remoteAddress: '192.0.2.1',
  remotePort: 50_000,
  listener: undefined,
  certificateName: undefined,
  request: undefined,
};

/** Sets a plug-in up as a broker would, and returns what it registered. */
export async function plugIn(plugin: Plugin): Promise<Partial<Hooks>> {
  const hooks: Partial<Hooks> = {};
  const context: PluginContext = {
    hook(name, hook) {
      hooks[name] = hook;
    },
    provide() {
      throw new Error('auth provides no service');
    },
    broker: { publish: () => Promise.resolve(), disconnect: () => false },
    reportError(error) {
      throw error;
    },
  };
  await plugin.setup(context);
  return hooks;
}

export function clientOf(clientId: string, identity = ''): Client {
  return {
    clientId,
    identity,
    userName: identity || undefined,
    attributes: {},
    protocolVersion: 5,
    connection,
  };
}

export function messageOn(topic: string): Message {
  return {
    number: 1,
    topic,
    payload: new Uint8Array(),
    qos: 0,
    retain: false,
    properties: {},
    publisherId: 'publisher',
    receivedAt: 0,
    expiresAt: Number.POSITIVE_INFINITY,
  };
}

export function deliveryOf(client: Client, topic: string): DeliveryEvent {
  return { client, message: messageOn(topic), qos: 0, retain: false };
}

export function loginOf(userName?: string, password?: string): AuthenticateEvent {
  return {
    connection,
    clientId: 'client-1',
    userName,
    password: password === undefined ? undefined : Buffer.from(password),
    packet: {
      type: PacketType.connect,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 0,
      clientId: 'client-1',
      properties: {},
    },
  };
}

/** A step of SCRAM on a connection. */
export function stepOf(
  data: string | Uint8Array,
  fields: Partial<ExchangeEvent> = {},
): ExchangeEvent {
  return {
    connection,
    clientId: 'client-1',
    method: 'SCRAM-SHA-256',
    data: Buffer.from(data as string),
    client: undefined,
    ...fields,
  };
}

/** A stored password that costs a test a millisecond. */
export function cheapHash(password: string, N = 1024): string {
  const salt = randomBytes(16);
  const key = scryptSync(password, salt, 32, { N, r: 1, p: 1 });
  return `scrypt$${N}$1$1$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

/** A directory that is removed when the test is over. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-auth-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}
