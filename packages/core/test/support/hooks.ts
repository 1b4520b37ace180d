import type {
  AuthenticateEvent,
  Client,
  ConnectEvent,
  ConnectionInfo,
  DeliveryEvent,
  DisconnectEvent,
  EnqueueEvent,
  OverflowEvent,
  RouteEvent,
  SessionEvent,
  SubscribeEvent,
} from '@sluice/plugin';
import { HookTable } from '../../src/hooks/hooks.ts';
import { noTraffic } from '../../src/session/session-counters.ts';
import { aMessage } from './messages.ts';
import { VirtualEnvironment } from './virtual-environment.ts';

/** A table of hooks in a world of its own, and what it reported. */
export interface TestTable {
  readonly table: HookTable;
  readonly environment: VirtualEnvironment;
  readonly errors: Error[];
}

export function aTable(): TestTable {
  const environment = new VirtualEnvironment();
  const errors: Error[] = [];
  const table = new HookTable({
    hookTimeoutMs: 5_000,
    environment,
    reportError: (error) => errors.push(error),
  });
  return { table, environment, errors };
}

/** Lets promises that are settled by now be heard of. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

export const connection: ConnectionInfo = {
  id: 'connection-1',
  transport: 'tcp',
  remoteAddress: '192.0.2.1',
  remotePort: 50_000,
  listener: undefined,
  certificateName: undefined,
  request: undefined,
};

export const client: Client = {
  clientId: 'c',
  userName: undefined,
  identity: '',
  attributes: {},
  protocolVersion: 5,
  connection,
};

export const connectEvent: ConnectEvent = {
  connection,
  packet: {
    type: 1,
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 60,
    clientId: 'c',
    properties: {},
  },
};

export const authenticateEvent: AuthenticateEvent = {
  connection,
  clientId: 'c',
  userName: 'u',
  password: undefined,
  packet: connectEvent.packet,
};

export const subscribeEvent: SubscribeEvent = {
  client,
  subscriptions: [
    { filter: 'a/+', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
    { filter: 'b', qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 },
  ],
};

export const deliveryEvent: DeliveryEvent = {
  client,
  message: aMessage({ retain: true }),
  qos: 1,
  retain: false,
};

export const sessionEvent: SessionEvent = {
  client,
  session: {
    clientId: 'c',
    identity: '',
    client: undefined,
    disconnectedAt: 0,
    expiryInterval: 600,
    subscriptions: 1,
    queuedMessages: 2,
    inflightMessages: 0,
    traffic: noTraffic,
  },
  expiryInterval: 60,
};

export const disconnectEvent: DisconnectEvent = {
  client,
  reasonCode: 0x8b,
  reasonString: undefined,
  serverReference: undefined,
  userProperties: [],
};

export const routeEvent: RouteEvent = {
  client,
  message: aMessage({ qos: 1 }),
  receivers: [
    { clientId: 'one', sharedFilter: undefined, qos: 1 },
    { clientId: 'two', sharedFilter: undefined, qos: 0 },
    { clientId: '', sharedFilter: '$share/g/a/#', qos: 1 },
  ],
};

export const enqueueEvent: EnqueueEvent = {
  client,
  message: aMessage({ qos: 1 }),
  qos: 1,
  queuedMessages: 3,
};

export const overflowEvent: OverflowEvent = {
  client,
  message: aMessage({ qos: 1 }),
  queuedMessages: 10,
  queuedBytes: 100,
};
