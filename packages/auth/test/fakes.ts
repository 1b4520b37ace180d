import { Buffer } from 'node:buffer';
import { randomBytes, scryptSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PacketType } from '@sluice/packet';
import type {
  AuthenticateEvent,
  BrokerServices,
  Client,
  ConnectionInfo,
  DeliveryEvent,
  DisconnectOptions,
  ExchangeEvent,
  Hooks,
  LimitedEvent,
  Message,
  Plugin,
  PluginContext,
  SessionInfo,
} from '@sluice/plugin';
import { emptyBroker, noTraffic, stillClock } from '@sluice/plugin/testing';
import { onTestFinished } from 'vitest';
import { LiveDocument } from '../src/documents/live-document.ts';
import type { Rule } from '../src/rules/rule.ts';
import { checkRulesFile, rulesSource } from '../src/rules/rules-file.ts';
import type { Subject } from '../src/rules/subject.ts';
import { Users } from '../src/users/users.ts';
import { usersSource } from '../src/users/users-file.ts';

const connection: ConnectionInfo = {
  id: 'connection-1',
  transport: 'tcp',
  remoteAddress: '192.0.2.1',
  remotePort: 50_000,
  listener: undefined,
  certificateName: undefined,
  request: undefined,
};

/** A broker that does nothing but note what it was asked for. */
export class FakeBroker {
  readonly disconnected: { clientId: string; options: DisconnectOptions | undefined }[] = [];
  readonly limits: LimitedEvent[] = [];
  readonly errors: Error[] = [];
  /** Who is connected. */
  clients: Client[] = [];
  reauthorized = 0;

  readonly services: BrokerServices = emptyBroker({
    sessions: {
      get: (clientId) => this.#sessions().find((one) => one.clientId === clientId),
      end: async () => false,
      [Symbol.asyncIterator]: () => this.#iterate(),
    },
    disconnect: (clientId, options) => {
      this.disconnected.push({ clientId, options });
      return true;
    },
    reauthorize: async () => {
      this.reauthorized += 1;
    },
    limited: (event) => {
      this.limits.push(event);
    },
  });

  #sessions(): SessionInfo[] {
    return this.clients.map((client) => ({
      clientId: client.clientId,
      identity: client.identity,
      client,
      disconnectedAt: undefined,
      expiryInterval: 0,
      subscriptions: 0,
      queuedMessages: 0,
      inflightMessages: 0,
      traffic: noTraffic,
    }));
  }

  async *#iterate(): AsyncGenerator<SessionInfo> {
    yield* this.#sessions();
  }
}

/** Sets a plug-in up as a broker would, and returns what it registered. */
export async function plugIn(plugin: Plugin, broker = new FakeBroker()): Promise<Partial<Hooks>> {
  const hooks: Partial<Hooks> = {};
  const context: PluginContext = {
    hook(name, hook) {
      hooks[name] = hook;
    },
    provide() {
      throw new Error('auth provides no service');
    },
    broker: broker.services,
    clock: stillClock,
    reportError(error) {
      broker.errors.push(error);
    },
  };
  await plugin.setup(context);
  return hooks;
}

export function loadUsers(given: string | object): Promise<Users> {
  const read = new LiveDocument(given, usersSource('options.users'), (document, source) => {
    return new Users(document, source);
  });
  return read.load();
}

export function loadRules(given: string | object, identities: boolean): Promise<readonly Rule[]> {
  const read = new LiveDocument(given, rulesSource('options.rules'), (document, source) => {
    return checkRulesFile(document, identities, source);
  });
  return read.load();
}

/** Whom rules judge. */
export function subjectFor(
  clientId: string,
  identity = '',
  roles: readonly string[] = [],
  attributes: Subject['attributes'] = {},
): Subject {
  return { clientId, identity, roles: new Set(roles), attributes };
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
